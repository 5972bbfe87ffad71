"""What Meta writes for people beside an error, in the language of the account.

Meta answers in the account's language (French and Danish were seen), so a sender may only read the numbers.
The English titles are Meta's where one was reported, the rest and all translations are our wording.
"""

from typing import Literal, NamedTuple

Locale = Literal["en", "fr", "da"]


class Wording(NamedTuple):
    """`error_user_title` and `error_user_msg` of one error."""

    title: str
    text: str


EVENT_TOO_OLD = 2804003
EVENT_IN_FUTURE = 2804004
VALUE_MISSING = 2804009
CURRENCY_MISSING = 2804010
CURRENCY_REFUSED = 2804011
VALUE_WITHOUT_CURRENCY = 2804023
LEAD_ID_INVALID = 2804036
EXTINFO_INVALID = 2804043
TOO_LITTLE_CUSTOMER_DATA = 2804050
MESSAGING_EVENT_NAME = 2804066
CLICK_OF_OTHER_PAGE = 2804072
CLICK_NOT_REAL = 2804087

TEXTS: dict[int, dict[Locale, Wording]] = {
    EVENT_TOO_OLD: {
        "en": Wording(
            "Event Timestamp Too Old",
            "The timestamp of this event lies too far in the past. Send events within 7 days after they happened; "
            "events of physical stores within 62 days.",
        ),
        "fr": Wording(
            "Horodatage de l’évènement trop ancien",
            "L’horodatage de cet évènement est trop ancien. Envoyez les évènements dans les 7 jours qui suivent.",
        ),
        "da": Wording(
            "Hændelsens tidsstempel er for gammelt",
            "Tidsstemplet for denne hændelse ligger for langt tilbage. Send hændelser inden for 7 dage.",
        ),
    },
    EVENT_IN_FUTURE: {
        "en": Wording("Event Timestamp In The Future", "The timestamp of this event lies in the future."),
        "fr": Wording("Horodatage de l’évènement dans le futur", "L’horodatage de cet évènement est dans le futur."),
        "da": Wording("Hændelsens tidsstempel ligger i fremtiden", "Denne hændelse ligger i fremtiden."),
    },
    VALUE_MISSING: {
        "en": Wording("Missing Value for Purchase Event", "A Purchase event needs a number in custom_data.value."),
        "fr": Wording(
            "Valeur manquante pour l’évènement d’achat", "Un achat demande un nombre dans custom_data.value."
        ),
        "da": Wording("Manglende værdi for købshændelse", "Et køb kræver et tal i custom_data.value."),
    },
    CURRENCY_MISSING: {
        "en": Wording("Missing Currency for Purchase Event", "A Purchase event needs a code in custom_data.currency."),
        "fr": Wording("Devise manquante pour l’évènement d’achat", "Un achat demande custom_data.currency."),
        "da": Wording("Manglende valuta for købshændelse", "Et køb kræver custom_data.currency."),
    },
    CURRENCY_REFUSED: {
        "en": Wording("Invalid Currency for Purchase Event", "The currency of this Purchase event is not accepted."),
        "fr": Wording("Devise non valide pour l’évènement d’achat", "La devise de cet achat n’est pas acceptée."),
        "da": Wording("Ugyldig valuta for købshændelse", "Købets valuta accepteres ikke."),
    },
    VALUE_WITHOUT_CURRENCY: {
        "en": Wording("Value Without Currency", "An event with a value needs a currency."),
        "fr": Wording("Valeur sans devise", "Un évènement avec une valeur demande une devise."),
        "da": Wording("Værdi uden valuta", "En hændelse med en værdi kræver en valuta."),
    },
    LEAD_ID_INVALID: {
        "en": Wording("Invalid Lead ID", "user_data.lead_id is no lead id; all events of the group may be rejected."),
        "fr": Wording("ID de prospect non valide", "user_data.lead_id n’est pas un ID de prospect."),
        "da": Wording("Ugyldigt kundeemne-id", "user_data.lead_id er ikke et kundeemne-id."),
    },
    EXTINFO_INVALID: {
        "en": Wording(
            "Invalid extinfo", "app_data.extinfo needs 16 places, a version and an operating system version."
        ),
        "fr": Wording("extinfo non valide", "app_data.extinfo demande 16 places et la version du système."),
        "da": Wording("Ugyldig extinfo", "app_data.extinfo kræver 16 pladser og en systemversion."),
    },
    TOO_LITTLE_CUSTOMER_DATA: {
        "en": Wording(
            "You haven't added sufficient customer information parameter data for this event",
            "This event has no customer information, or a combination of it that matches too many people.",
        ),
        "fr": Wording(
            "Vous n’avez pas ajouté assez d’informations client pour cet évènement",
            "Cet évènement n’a pas d’informations client, ou une combinaison trop large.",
        ),
        "da": Wording(
            "Du har ikke tilføjet tilstrækkelige kundeoplysninger for denne hændelse",
            "Denne hændelse har ingen kundeoplysninger eller en kombination, der er for bred.",
        ),
    },
    MESSAGING_EVENT_NAME: {
        "en": Wording("Event Name Not Supported", "This event_name is not allowed for business_messaging."),
        "fr": Wording("Nom d’évènement non pris en charge", "Ce nom n’est pas permis pour business_messaging."),
        "da": Wording("Hændelsesnavnet understøttes ikke", "Navnet er ikke tilladt for business_messaging."),
    },
    CLICK_OF_OTHER_PAGE: {
        "en": Wording("Page Does Not Match", "user_data.page_id does not belong to the ctwa_clid."),
        "fr": Wording("La Page ne correspond pas", "user_data.page_id n’appartient pas au ctwa_clid."),
        "da": Wording("Siden passer ikke", "user_data.page_id hører ikke til dette ctwa_clid."),
    },
    CLICK_NOT_REAL: {
        "en": Wording("Invalid Click ID", "user_data.ctwa_clid does not come from a real click."),
        "fr": Wording("ID de clic non valide", "user_data.ctwa_clid ne vient pas d’un vrai clic."),
        "da": Wording("Ugyldigt klik-id", "user_data.ctwa_clid stammer ikke fra et rigtigt klik."),
    },
}


def wording(subcode: int | None, locale: Locale) -> Wording | None:
    """Return the texts for `subcode`, or None for an error that Meta does not explain to people."""
    texts = TEXTS.get(subcode or 0)
    return texts[locale] if texts else None
