"""Invented people of twenty countries: names, places and phone numbers as shops there write them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    """What the customers of one country look like; `#` in a pattern stands for a digit."""

    code: str
    currency: str
    locale: str
    phones: tuple[str, ...]
    postal_code: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    """(city, state)."""


COUNTRIES = (
    Country("US", "USD", "en-US", ("(212) 555-01##", "+1 415 555 01##", "1-650-555-01##"), "#####",
            ("Mary", "James", "Aaliyah", "Mary Ann", "DeShawn"), ("O'Brien", "Smith", "Smith-Jones", "St. John", "Nguyen"),
            (("New York", "NY"), ("San Francisco", "California"), ("Winston-Salem", "North Carolina"), ("Washington, D.C.", "DC"))),
    Country("GB", "GBP", "en-GB", ("020 7946 0###", "+44 (0)20 7946 0###", "07700 900###"), "SW1A #AA",
            ("Oliver", "Amelia", "Siân"), ("Taylor", "O’Neill", "Campbell"), (("London", "Greater London"), ("Stoke-on-Trent", "Staffordshire"))),
    Country("DE", "EUR", "de-DE", ("030 2345####", "+49 151 2345####", "0049 151 2345####"), "#####",
            ("Jürgen", "Anja", "Björn"), ("Müller", "Weiß", "Groß"), (("Köln", "Nordrhein-Westfalen"), ("Frankfurt (Oder)", "Brandenburg"))),
    Country("FR", "EUR", "fr-FR", ("01 42 86 8# ##", "+33 6 12 34 5# ##"), "75###",
            ("François", "Chloé", "Zoë"), ("Lefèvre", "D’Arc", "Noël"), (("Paris", "Île-de-France"), ("Saint-Étienne", "Auvergne-Rhône-Alpes"))),
    Country("ES", "EUR", "es-ES", ("612 345 ###", "+34 912 34# ###"), "28###",
            ("José", "Lucía", "Íñigo"), ("Núñez", "García López", "Peña"), (("Málaga", "Andalucía"), ("A Coruña", "Galicia"))),
    Country("IT", "EUR", "it-IT", ("06 6982 ####", "+39 347 123 ####"), "00###",
            ("Niccolò", "Giulia"), ("D'Angelo", "Rossi"), (("L’Aquila", "Abruzzo"), ("Forlì", "Emilia-Romagna"))),
    Country("PL", "PLN", "pl-PL", ("601 23# ###", "+48 22 123 ####"), "00-9##",
            ("Łukasz", "Małgorzata"), ("Żółć", "Wiśniewski"), (("Łódź", "łódzkie"), ("Kraków", "małopolskie"))),
    Country("BR", "BRL", "pt-BR", ("(11) 9####-88##", "+55 21 9####-55##"), "01310-1##",
            ("João", "Conceição"), ("da Silva", "Guimarães"), (("São Paulo", "São Paulo"), ("Brasília", "Distrito Federal"))),
    Country("MX", "MXN", "es-MX", ("55 1234 ####", "+52 33 1234 ####"), "06###",
            ("María José", "Sofía"), ("Hernández", "Muñoz"), (("Ciudad de México", "CDMX"), ("Mérida", "Yucatán"))),
    Country("SE", "SEK", "sv-SE", ("070-123 4# ##", "+46 8 123 45 ##"), "111 ##",
            ("Åsa", "Björn"), ("Öberg", "Lindström"), (("Malmö", "Skåne"), ("Göteborg", "Västra Götaland"))),
    Country("NL", "EUR", "nl-NL", ("06 1234####", "+31 20 123 ####"), "10## AB",
            ("Sanne", "Daan"), ("van der Berg", "de Vries"), (("’s-Hertogenbosch", "Noord-Brabant"), ("Amsterdam", "Noord-Holland"))),
    Country("GR", "EUR", "el-GR", ("210 123 ####", "+30 697 123 ####"), "105 ##",
            ("Γιώργος", "ΕΛΕΝΗ"), ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Νικολάου"), (("Αθήνα", "Αττική"), ("Θεσσαλονίκη", "Μακεδονία"))),
    Country("UA", "UAH", "uk-UA", ("050 123 ####", "+380 67 123 ####"), "010##",
            ("Олена", "Андрій"), ("Шевченко", "КОВАЛЬ"), (("Київ", "Київ"), ("Львів", "Львівська область"))),
    Country("TR", "TRY", "tr-TR", ("0532 123 ## ##", "+90 212 123 ## ##"), "34###",
            ("İbrahim", "Ayşe"), ("Yılmaz", "Öztürk"), (("İstanbul", "İstanbul"), ("Iğdır", "Iğdır"))),
    Country("IL", "ILS", "he-IL", ("050-123-####", "+972 3-123-####"), "61#####",
            ("נועה", "דוד"), ("כהן", "לוי"), (("תל אביב", "תל אביב"),)),
    Country("AE", "AED", "ar-AE", ("050 123 ####", "+٩٧١ ٥٠ ١٢٣ ####"), "",
            ("محمد", "فاطمة"), ("العلي", "حسن"), (("دبي", "دبي"),)),
    Country("IN", "INR", "hi-IN", ("098765 4####", "+91 98765 4####"), "5600##",
            ("प्रिया", "Arjun"), ("शर्मा", "Iyer"), (("मुंबई", "Maharashtra"), ("Bengaluru", "Karnataka"))),
    Country("JP", "JPY", "ja-JP", ("03-5843-####", "+81 90 1234 ####"), "100-00##",
            ("さくら", "翔太"), ("佐藤", "タナカ"), (("東京", "東京都"), ("大阪市", "大阪府"))),
    Country("KR", "KRW", "ko-KR", ("010-1234-####", "+82 2 123 ####"), "041##",
            ("지우", "정"), ("김", "박"), (("서울", "서울특별시"), ("부산", "부산광역시"))),
    Country("CA", "CAD", "fr-CA", ("416-555-01##", "+1 514 555 01##"), "H2X 1Y#",
            ("Valéry", "Noah"), ("Tremblay", "Mac Donald"), (("Montréal", "Québec"), ("Toronto", "ON"))),
)  # fmt: skip
