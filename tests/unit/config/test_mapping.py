"""The mapping: every form of an entry, long and short names, objects, constants."""

import pytest

from syncer.pipeline import AllOf, Column, Constant, Entry, FirstOf, Items, Sql
from syncer.spec.fields import PARAMETERS, Group, names, short_name
from tests.unit.config.folder import Folder

CUSTOMER = "customer_info: {em: email}"
EVENT = "server_event: {event_name: {value: Schedule}, event_time: ordered_at}"


def customer(folder: Folder, text: str) -> dict[str, Entry]:
    return folder.pipeline_file(CUSTOMER, f"customer_info: {text}").pipeline().mapping.customer_info


def custom(folder: Folder, text: str) -> dict[str, Entry]:
    return folder.pipeline_file(CUSTOMER, f"{CUSTOMER}\n  custom_data: {text}").pipeline().mapping.custom_data


def event(folder: Folder, text: str) -> dict[str, Entry]:
    whole = f"server_event: {{event_name: {{value: Schedule}}, event_time: ordered_at, {text}}}"
    return folder.pipeline_file(EVENT, whole).pipeline().mapping.server_event


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("email", Column(column="email")),
        ('"E-Mail Address"', Column(column="E-Mail Address")),
        ("[email, billing]", AllOf(entries=(Column(column="email"), Column(column="billing")))),
        ("{value: a@b.co}", Constant(value="a@b.co")),
        ("{value: [a@b.co, c@d.co]}", Constant(value=["a@b.co", "c@d.co"])),
        ("{column: email, already_hashed: true}", Column(column="email", already_hashed=True)),
        ("{column: u, map: {1: a@b.co}, otherwise: drop}", Column(column="u", map={"1": "a@b.co"}, otherwise="drop")),
        ("{column: u, default: a@b.co}", Column(column="u", default="a@b.co")),
        ("{column: traits, path: 'user.mails[0]'}", Column(column="traits", path="user.mails[0]")),
        ("{column: jar, cookie: mail}", Column(column="jar", cookie="mail")),
        ("{column: url, query_parameter: m}", Column(column="url", query_parameter="m")),
        ("{column: u, template: '{}@b.co'}", Column(column="u", template="{}@b.co")),
        ("{sql: lower(mail)}", Sql(sql="lower(mail)")),
        ("{sql: a || b, default: a@b.co}", Sql(sql="a || b", default="a@b.co")),
        ("{first_of: [a, {value: x@y.z}]}", FirstOf(first_of=(Column(column="a"), Constant(value="x@y.z")))),
        ("{first_of: [a], default: q@r.s}", FirstOf(first_of=(Column(column="a"),), default="q@r.s")),
        (
            "[{first_of: [a, {sql: b}]}, {value: x@y.z}]",
            AllOf(entries=(FirstOf(first_of=(Column(column="a"), Sql(sql="b"))), Constant(value="x@y.z"))),
        ),
        ("{first_of: [{first_of: [a]}, b]}", FirstOf(first_of=(FirstOf(first_of=(Column(column="a"),)), Column(column="b")))),
    ],
)  # fmt: skip
def test_an_entry_has_many_forms(folder: Folder, text: str, entry: Entry) -> None:
    assert customer(folder, f"{{em: {text}}}") == {"em": entry}


def test_long_names_become_metas_own(folder: Folder) -> None:
    found = customer(
        folder, "{email: a, phone: b, first_name: c, Last Name: d, user_agent: e, ip: f, state: g, dob: h}"
    )
    assert list(found) == ["em", "ph", "fn", "ln", "client_user_agent", "client_ip_address", "st", "db"]


def test_what_only_some_parameters_take_is_taken_there(folder: Folder) -> None:
    found = customer(
        folder,
        "{ph: {column: p, country_column: c}, db: {column: d, format: '%d/%m/%Y'}, external_id: {column: i, hash: false}, "
        "fbc: {first_of: [{column: u, query_parameter: fbclid, clicked_at: t}]}, em: {column: e, hash: true}}",
    )
    assert found["ph"] == Column(column="p", country_column="c")
    assert found["db"] == Column(column="d", format="%d/%m/%Y")
    assert found["external_id"] == Column(column="i", hash=False)
    assert found["fbc"] == FirstOf(first_of=(Column(column="u", query_parameter="fbclid", clicked_at="t"),))


def test_contents_come_from_one_column_of_items(folder: Folder) -> None:
    found = custom(folder, "{contents: {from: items, id: product_id, quantity: qty, item_price: price.net}}")
    names_inside = {"id": "product_id", "quantity": "qty", "item_price": "price.net"}
    assert found["contents"] == Items(source="items", fields=names_inside)


def test_contents_may_also_be_ready_made(folder: Folder) -> None:
    found = custom(folder, "{contents: {value: [{id: a, quantity: 1}]}, content_ids: [a, b], value: total}")
    assert found["contents"] == Constant(value=[{"id": "a", "quantity": 1}])
    assert found["content_ids"] == AllOf(entries=(Column(column="a"), Column(column="b")))


def test_objects_are_flattened_with_dots(folder: Folder) -> None:
    nested = event(
        folder,
        "app_data: {advertiser_tracking_enabled: att, extinfo: {version: {value: a2}, os_version: os, device_model: m}}, "
        "original_event_data: {event_name: n}, attribution_data: {ad_id: ad}, data_processing_options: {value: []}",
    )
    assert sorted(nested.keys() - {"event_name", "event_time"}) == [
        "app_data.advertiser_tracking_enabled",
        "app_data.extinfo.device_model_name",
        "app_data.extinfo.os_version",
        "app_data.extinfo.version",
        "attribution_data.ad_id",
        "data_processing_options",
        "original_event_data.event_name",
    ]
    assert nested["data_processing_options"] == Constant(value=[])


def test_dotted_names_mean_the_same_as_nested_maps(folder: Folder) -> None:
    found = event(folder, "app_data.extinfo.os_version: os, app_data: {extinfo: {version: v}}")
    assert {"app_data.extinfo.os_version", "app_data.extinfo.version"} < found.keys()
    found = custom(folder, "{mileage: {unit: u, value: v}, store_data: {store_code: c}}")
    assert list(found) == ["mileage.unit", "mileage.value", "store_data.store_code"]


def test_every_parameter_of_meta_can_be_mapped_by_every_name(folder: Folder) -> None:
    for group in (Group.SERVER_EVENT, Group.CUSTOMER_INFO, Group.CUSTOM_DATA):
        for name in names(group):
            if group is Group.SERVER_EVENT and name.partition(".")[0] in (
                "user_data",
                "custom_data",
                "event_name",
                "event_time",
            ):
                continue
            if name in ("app_data", "original_event_data", "attribution_data", "app_data.extinfo"):
                continue
            text = (folder.path / "pipelines" / "orders.yaml").read_text()
            addition = f'\n  {group}: {{"{name}": c}}'
            if group is Group.CUSTOMER_INFO:
                another = "ph" if short_name(group, name) == "em" else "em"
                written = text.replace(CUSTOMER, f'customer_info: {{"{name}": c, {another}: d}}')
            elif group is Group.SERVER_EVENT:
                written = text.replace("event_time: ordered_at", f'event_time: ordered_at, "{name}": c')
            else:
                written = text.replace(CUSTOMER, CUSTOMER + addition)
            folder.add("pipelines/orders.yaml", written)
            assert folder.problems() == [], name
            folder.add("pipelines/orders.yaml", text)


def test_properties_of_ones_own_take_any_name_but_metas(folder: Folder) -> None:
    mapping = (
        folder.pipeline_file(
            CUSTOMER,
            f'{CUSTOMER}\n  user_defined: {{loyalty tier: tier, "größe": {{value: [1, {{a: true}}]}}, "*": rest}}',
        )
        .pipeline()
        .mapping
    )
    assert mapping.rest is True
    assert mapping.user_defined == {"loyalty tier": Column(column="tier"), "größe": Constant(value=[1, {"a": True}])}


@pytest.mark.parametrize(
    ("group", "text", "value"),
    [
        ("event", "action_source: {value: physicalStore}", "physical_store"),
        ("event", "action_source: {value: Phone Call}", "phone_call"),
        ("event", "opt_out: {value: true}", True),
        ("event", "opt_out: {value: 0}", False),
        ("event", "data_processing_options_state: {value: 1000}", 1000),
        ("event", "event_source_url: {value: https://shop.example/}", "https://shop.example/"),
        ("custom", "value: {value: 9.99}", 9.99),
        ("custom", 'value: {value: "9.99"}', "9.99"),
        ("custom", "num_items: {value: 2}", 2),
        ("custom", "order_id: {value: 77}", "77"),
        ("custom", "currency: {value: eur}", "eur"),
        ("custom", "content_type: {value: hotel}", "hotel"),
        ("custom", "body_style: {value: suv}", "SUV"),
        ("custom", "content_ids: {value: a}", "a"),
    ],
)
def test_a_constant_is_what_its_parameter_takes(folder: Folder, group: str, text: str, value: object) -> None:
    found = event(folder, text) if group == "event" else custom(folder, f"{{{text}}}")
    (entry,) = [entry for name, entry in found.items() if name not in ("event_name", "event_time")]
    assert entry == Constant(value=value)  # type: ignore[arg-type]  # plain values of YAML


def test_hashed_parameters_take_words_that_are_normalised_later(folder: Folder) -> None:
    assert customer(folder, "{em: email, ge: {column: g, map: {Frau: female}}, country: {value: Germany}}")[
        "country"
    ] == Constant(value="Germany")


def test_all_user_data_constants_of_the_data_file_have_a_type() -> None:
    assert {parameter.type for parameter in PARAMETERS[Group.CUSTOMER_INFO].values()} <= {"string", "integer"}
