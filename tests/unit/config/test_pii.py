"""Names that `pii.allow` takes."""

from syncer.pipeline import Pii
from tests.unit.config.folder import Folder


def test_pii_allow_takes_properties_and_any_spelling_of_a_parameter_in_the_mapping(folder: Folder) -> None:
    folder.pipeline_file("{em: email}", "{em: email}\n  user_defined: {note: note}")
    folder.pipeline_file("name: orders", "name: orders\npii: {allow: [note, Order ID, app_data.extinfo.device_model]}")
    allowed = ("note", "order_id", "app_data.extinfo.device_model_name")
    assert folder.pipeline().pii == Pii(allow=allowed)


def test_pii_allow_of_defaults_may_name_what_only_another_pipeline_has(folder: Folder) -> None:
    folder.project_file("version: 1", "version: 1\ndefaults: {pii: {allow: [note]}}")
    assert folder.pipeline().pii == Pii(allow=("note",))


def test_pii_allow_takes_a_column_of_the_rest_that_is_spelt_as_a_parameter_may_be(folder: Folder) -> None:
    folder.pipeline_file("{em: email}", "{em: email}\n  user_defined: {'*': rest}")
    folder.pipeline_file("name: orders", "name: orders\npii: {allow: [DESCRIPTION, Order ID, note]}")
    assert folder.pipeline().pii == Pii(allow=("description", "order_id", "note", "DESCRIPTION", "Order ID"))
