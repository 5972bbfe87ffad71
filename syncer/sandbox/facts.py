"""Meta's numbers, names and lists, as the documentation of the Conversions API gives them (read 2026-11)."""


def words(spaced: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(spaced.split())


DAY_S = 86_400
MOST_EVENTS = 1_000
WINDOW_S = 7 * DAY_S
PHYSICAL_STORE_WINDOW_S = 62 * DAY_S
FUTURE_TOLERANCE_S = 60
"""No tolerance is documented; integrations allow a minute."""
DEDUPLICATION_S = 48 * 3_600
OFFLINE_DEDUPLICATION_S = 7 * DAY_S
LONGEST_EVENT_NAME = 50
"""The Pixel's limit for custom events; not confirmed for this API."""
PARTNER_AGENT_BELOW = 23

VERSIONS_ENDED = {
    "v20.0": "2026-09-24",
    "v21.0": "2027-01-21",
    "v22.0": "2027-05-20",
    "v23.0": "2027-10-08",
    "v24.0": "2028-02-18",
    "v25.0": "2028-07-29",
}
"""The day until which a version is available."""
NEWEST_VERSION = (26, 0)

ACTION_SOURCES = words("email website app phone_call chat physical_store system_generated business_messaging other")
MESSAGING_CHANNELS = frozenset({"messenger", "whatsapp", "instagram"})
MESSAGING_EVENTS = words(
    "Purchase LeadSubmitted InitiateCheckout AddToCart ViewContent OrderCreated OrderShipped OrderDelivered "
    "OrderCanceled OrderReturned CartAbandoned QualifiedLead RatingProvided ReviewProvided"
)
STANDARD_EVENTS = words(
    "AddPaymentInfo AddToCart AddToWishlist CompleteRegistration Contact CustomizeProduct Donate FindLocation "
    "InitiateCheckout Lead Purchase Schedule Search StartTrial SubmitApplication Subscribe ViewContent PageView"
)
LDU_COUNTRIES = frozenset({0, 1})
LDU_STATES = frozenset({0, *range(1000, 1014)})

HASHED = words("em ph fn ln ge db ct st zp country f5first f5last fi dobd dobm doby app_user_id")
"""Keys of user_data that must be SHA-256 digests; `external_id` should be."""
NEVER_HASHED_TEXT = words(
    "subscription_id anon_id madid page_id page_scoped_user_id ctwa_clid whatsapp_business_account_id "
    "ig_account_id instagram_business_account_id ig_sid partner_id partner_name"
)
DIGEST_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
TOO_WIDE = (
    frozenset({"ct", "country", "st", "zp", "ge", "client_user_agent"}),
    frozenset({"db", "client_user_agent"}),
    frozenset({"fn", "ge"}),
    frozenset({"ln", "ge"}),
)
"""An event is invalid when its keys of user_data are all within one of these sets."""

CURRENCIES = words(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF "
    "CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT "
    "MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD "
    "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS "
    "VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ANG BGN CUC HRK MRO SLL VEF ZWL "
    "XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"
)
"""ISO 4217, with the codes withdrawn of late, which data still holds."""
CURRENCIES_REFUSED = frozenset({"MRU"})
"""Valid codes that a Purchase was seen to be refused for."""

EXTINFO_PLACES = 16
EXTINFO_VERSIONS = frozenset({"a2", "i2"})

SEGMENTS = words(
    "new_customer_to_business new_customer_to_business_line new_customer_to_product_area new_customer_to_medium "
    "existing_customer_to_business existing_customer_to_business_line existing_customer_to_product_area "
    "existing_customer_to_medium customer_in_loyalty_program"
)
DELIVERY_CATEGORIES = frozenset({"in_store", "curbside", "home_delivery"})
SERVER_EVENT_KEYS = words(
    "event_name event_time user_data custom_data action_source event_source_url event_id opt_out referrer_url "
    "data_processing_options data_processing_options_country data_processing_options_state app_data "
    "original_event_data attribution_data messaging_channel customer_segmentation advanced_measurement_table"
)
