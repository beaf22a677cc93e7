"""The words of mail clients and of letter closings in the eight languages: data, and the patterns made of it.

Closings are written folded (see `fold`): lower case, no accents, ss for ß, l for ł.
"""

from __future__ import annotations

import re
import unicodedata


def _entries(table: str) -> tuple[str, ...]:
    """Read a table whose entries stand between bars."""
    return tuple(" ".join(entry.split()) for entry in table.split("|"))


def fold(text: str) -> str:
    """Return a short text in lower case without accents, for comparison with the closings below."""
    text = text.casefold()
    if text.isascii():
        return text
    text = text.replace("ł", "l").replace("’", "'")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


# --- Quotation ---------------------------------------------------------------------------------------------------

_VERBS = (
    r"wrote|writes|a [ée]crit|schrieb|geschrieben|ha scritto|scrive|escribi[óo]|ha escrito|schreef|geschreven|"
    r"napisa[łl](?:\(a\)|/a|a)?|pisze|napisana przez|skrev|skriver"
)
VERB = re.compile(rf"(?<!\w)(?:{_VERBS})(?!\w)", re.I)
"""The verb of « On ... X wrote: »."""

# « You wrote: » introduces the seller's own words about the buyer's, not a client's quotation.
_PERSONS = (
    r"you|we|i|they|vous|nous|on|lei|tu|noi|usted|ustedes|ud\.|u|je|jij|wij|we|du|ni|vi|sie|ihr|wir|ich|pan|pani|"
    r"pa[ńn]stwo|ty|kunden|kund|customer|client|cliente|kunde|klant|klient"
)
SPOKEN = re.compile(rf"(?<!\w)(?:(?:{_PERSONS}) (?:{_VERBS})(?!\w)|(?:{_VERBS}) (?:{_PERSONS})(?!\w))", re.I)

ATTRIBUTION_START = re.compile(
    r"(?:\[?\d|on\b|le\b|am\b|il\b|el\b|op\b|w dniu\b|dnia\b|den\b|de[nl]?\b|at\b|"
    r"(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|do|fr|sa|so|mi[ée]|jue|vie|s[áa]b|dom|"
    r"gio|ma|wo|vr|za|zo|pon|wt|[śs]r|czw|pt|sob|niedz|m[åa]n|tis|ons|tors|fre|l[öo]r|s[öo]n)\w*[.,]{0,2} |"
    r"wiadomo[śs][ćc] napisana\b)",
    re.I,
)

_LABEL_WORDS = {
    "from": "from de von da van od från fran expéditeur absender mittente remitente afzender nadawca avsändare",
    "sent": "sent|envoyé|envoye|envoyé le|gesendet|gesendet am|inviato|inviato il|enviado|enviado el|enviada el|"
    "verzonden|verzonden op|wysłano|wysłane|wyslano|skickat|skickades",
    "date": "date|datum|data|fecha|dato|date d'envoi",
    "to": "to|à|a|an|para|aan|do|till|destinataire|empfänger|destinatario|odbiorca|adress?at|pour",
    "cc": "cc|cci|bcc|kopie|copie|copia|dw|kopia|ccn|cco|reply-to|répondre à|antwort an|importance|attachments",
    "subject": "subject|objet|sujet|betreff|oggetto|asunto|onderwerp|temat|ämne|amne|re",
}
LABELS: dict[str, str] = {
    word: kind for kind, words in _LABEL_WORDS.items() for word in (words.split("|") if "|" in words else words.split())
}
"""Header labels as Outlook and others write them above what they quote, and which header each one is."""

_ORIGINAL = (
    r"original message|original appointment|message d['’]origine|message original|message initial|"
    r"message transf[ée]r[ée]|message transmis|message r[ée]exp[ée]di[ée]|"
    r"urspr(?:ü|ue)ngliche (?:nachricht|mail|e-mail)|original-?nachricht|"
    r"weitergeleitete (?:nachricht|mail)|messaggio originale|messaggio inoltrato|mensaje original|mensaje reenviado|"
    r"oorspronkelijk(?:e)? bericht|origineel bericht|doorgestuurd bericht|wiadomo[śs][ćc] oryginalna|"
    r"oryginalna wiadomo[śs][ćc]|wiadomo[śs][ćc] pierwotna|pierwotna wiadomo[śs][ćc]|przekazana wiadomo[śs][ćc]|"
    r"wiadomo[śs][ćc] przekazana|tre[śs][ćc] (?:oryginalnej|przekazanej) wiadomo[śs]ci|"
    r"ursprungligt (?:meddelande|brev)|original-?meddelande|ursprungsmeddelande|vidarebefordrat (?:meddelande|brev)|"
    r"forwarded (?:message|by\b.{0,60})"
)
SEPARATOR = re.compile(rf"[-_=*—–\s]{{2,}}(?:{_ORIGINAL})\s*:?[-_=*—–\s]*", re.I)
"""« -----Original Message----- »."""
DASHED = re.compile(r"[-_=*—–]{2,}\s?[^-_=*—–]{3,60}?\s?[-_=*—–]{2,}")
"""Any words between dashes; a quotation's head when header lines follow."""
FORWARD = re.compile(
    rf"(?:{_ORIGINAL}|begin forwarded message|d[ée]but du message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée])|"
    r"anfang der weitergeleiteten (?:nachricht|e-?mail)|inizio (?:del )?messaggio inoltrato|"
    r"inicio del mensaje reenviado|begin (?:van )?(?:het )?doorgestuurde? bericht|"
    r"pocz[ąa]tek (?:przekazywanej|przekazanej) wiadomo[śs]ci|p[åa]b[öo]rja(?:t)? vidarebefordrat meddelande)\s*:?",
    re.I,
)
"""The same without dashes (Apple Mail, phones); a quotation's head when header lines follow."""

FORWARD_WORDS = frozenset(
    _entries(
        "original|message|mensaje|messaggio|ursprungliche|ursprungligt|ursprungsmeddelande|originalnachricht|original-nachricht|"
        "originalmeddelande|original-meddelande|weitergeleitete|oorspronkelijk|oorspronkelijke|origineel|doorgestuurd|"
        "wiadomosc|oryginalna|pierwotna|przekazana|tresc|vidarebefordrat|forwarded|begin|debut|anfang|inizio|inicio|"
        "poczatek|paborja|paborjat|urspruengliche"
    )
)
"""First words of the lines that `FORWARD` matches, folded; and the letters they begin with."""
FORWARD_LETTERS = frozenset(letter for word in FORWARD_WORDS for letter in (word[0], word[0].upper()))

# --- Signatures --------------------------------------------------------------------------------------------------

_DEVICE = (
    r"(?:i-?phone|i-?pad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|pixel|oneplus|nokia|motorola|sony|xperia|"
    r"blackberry|windows phone|smartphone|handy|mobil\w*|m[óo]vil|cellulare|telefon\w*|t[ée]l[ée]phone|tel[ée]fono|"
    r"phone|tablet\w*|outlook|yahoo|gmail|gmx|web\.de|proton ?mail|proton|mail\b|mailapp|e-?mail|k-9|thunderbird|"
    r"bluemail|aquamail|orange|free\b|t-online|laposte|wp\b|onet|interia|windows|mac\b|app\b)"
)
SENT_FROM = re.compile(
    r"(?:(?:diese (?:nachricht|mail|e-mail) wurde )?"
    r"(?:sent (?:from|with|via|by|using)|get|download|envoy[ée]e? (?:de|depuis|à partir|a partir|avec|par|via)|"
    r"obtenez|t[ée]l[ée]charge[rz]|von mein\w+|gesendet (?:von|mit|über|aus)|holen sie sich|"
    r"inviato (?:da\w*|con|tramite)|scarica|ottieni|enviado (?:desde|con|a trav[ée]s)|obtener|obt[ée]n|descarga\w*|"
    r"verstuurd (?:vanaf|met|vanuit|via)|verzonden (?:vanaf|met|vanuit|via)|wys[łl]an[eoay] (?:z|ze|za)\b|pobierz|"
    r"skickat (?:fr[åa]n|med|via)|h[äa]mta)\b.{0,40}?(?<!\w)" + _DEVICE + r".{0,60}"
    r"|outlook (?:für|for|voor|pour|per|para|f[öo]r|dla) \w+ (?:beziehen|downloaden|herunterladen))",
    re.I,
)
"""« Sent from my iPhone » and « Get Outlook for Android » as phones and web mailers write them."""

SENT_WORDS = frozenset(
    _entries(
        "diese|sent|get|download|envoye|envoyee|obtenez|telechargez|telecharger|von|gesendet|holen|inviato|scarica|ottieni|"
        "enviado|obtener|obten|descargar|descarga|verstuurd|verzonden|wyslane|wyslano|wyslana|wyslany|pobierz|skickat|"
        "hamta|outlook"
    )
)
"""First words of the lines that `SENT_FROM` matches, folded: a fast way to pass the others by."""

STRONG = _entries(
    # fr
    "cordialement|bien cordialement|tres cordialement|bien a vous|sinceres salutations|salutations distinguees|"
    "meilleures salutations|cordiales salutations|salutations|avec mes salutations|mes salutations|respectueusement|"
    "amicalement|amities|bien amicalement|sincerement|bien sincerement|chaleureusement|cdt|cdlt|veuillez agreer|"
    "je vous prie d'agreer|nous vous prions d'agreer|"
    # de
    "mit freundlichen grussen|mit freundlichen gruessen|mit freundlichem gruss|freundliche grusse|freundliche gruesse|"
    "freundlichen gruss|freundlicher gruss|freundlichst|mit besten grussen|mit besten gruessen|beste grusse|"
    "beste gruesse|viele grusse|viele gruesse|liebe grusse|liebe gruesse|herzliche grusse|herzliche gruesse|"
    "schone grusse|schone gruesse|schoene gruesse|sonnige grusse|sonnige gruesse|mit lieben grussen|mit herzlichen grussen|"
    "mit vielen grussen|grusse|gruesse|gruss|lieben gruss|lieber gruss|schonen gruss|herzlichst|mfg|lg|vg|hg|"
    "hochachtungsvoll|"
    # en
    "kind regards|best regards|warm regards|warmest regards|kindest regards|with kind regards|with best regards|"
    "many regards|regards|best wishes|with best wishes|kind wishes|warm wishes|yours sincerely|sincerely|"
    "sincerely yours|yours truly|yours faithfully|faithfully|yours|respectfully|love|all the best|best|warmly|cheers|br|kr|rgds|"
    # it
    "cordiali saluti|distinti saluti|cordialmente|un cordiale saluto|saluti|un saluto|tanti saluti|cari saluti|"
    "migliori saluti|i migliori saluti|con i migliori saluti|porgo cordiali saluti|porgiamo cordiali saluti|"
    "porgiamo distinti saluti|saluti cordiali|un caro saluto|in fede|"
    # es
    "saludos|un saludo|saludos cordiales|cordiales saludos|un cordial saludo|reciba un cordial saludo|"
    "recibe un cordial saludo|reciba un saludo|recibe un saludo|atentamente|muy atentamente|le saluda atentamente|"
    "un abrazo|saludos y gracias|"
    # nl
    "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|hartelijke groet|"
    "hartelijke groeten|met hartelijke groet|met hartelijke groeten|groet|groeten|groetjes|met groet|warme groet|"
    "veel groeten|lieve groetjes|lieve groet|hoogachtend|mvg|gr|"
    # pl
    "pozdrawiam|pozdrawiamy|pozdrawiam serdecznie|serdecznie pozdrawiam|serdecznie pozdrawiamy|serdeczne pozdrowienia|"
    "z powazaniem|z wyrazami szacunku|z szacunkiem|wyrazy szacunku|lacze wyrazy szacunku|lacze pozdrowienia|"
    "z pozdrowieniami|z serdecznymi pozdrowieniami|pozdrowienia|pozdr|"
    # sv
    "med vanlig halsning|med vanliga halsningar|vanlig halsning|vanliga halsningar|hjartliga halsningar|"
    "med hjartliga halsningar|basta halsningar|basta halsning|varma halsningar|halsningar|halsning|hogaktningsfullt|"
    "mvh|vh|vanligen"
)
"""Closings that end a letter wherever they stand alone on a line."""

ENDINGS = frozenset(
    _entries(
        "grusse|grussen|gruss|gruesse|gruessen|groet|groeten|groetjes|halsning|halsningar|regards|greetings|saluti|saludos|"
        "salutations|pozdrowienia|pozdrowieniami"
    )
)
"""Last words of short lines that are closings whatever stands before them (« Summende Grüße »)."""

WEAK = _entries(
    "merci d'avance|merci par avance|merci beaucoup|merci bien|merci|bonne journee|belle journee|bonne soiree|"
    "bonne fin de journee|bon week-end|a bientot|"
    "vielen dank im voraus|vielen dank|besten dank|herzlichen dank|danke schon|danke im voraus|danke|schonen tag noch|"
    "schonen tag|einen schonen tag|schones wochenende|"
    "thanks a lot|many thanks|thank you very much|thank you|thanks in advance|thanks|thx|have a nice day|"
    "have a great day|"
    "grazie mille|grazie in anticipo|grazie|buona giornata|a presto|"
    "muchas gracias|gracias de antemano|gracias por adelantado|gracias|que tenga un buen dia|buen dia|"
    "alvast bedankt|hartelijk dank|bedankt|dank u wel|dank je wel|fijne dag|prettige dag|"
    "z gory dziekuje|z gory dziekujemy|dziekuje|dziekujemy|milego dnia|"
    "tack pa forhand|tusen tack|tack sa mycket|stort tack|tack|ha en fin dag|ha det bra"
)
"""Thanks and wishes: they close a letter only when nothing but names and addresses follows."""

JOINERS = frozenset(_entries("und|and|et|e|y|en|i|och|&|+|/|-|–"))
LINKING = frozenset(
    _entries(
        "aus|vom|von|der|die|das|ihr|ihre|from|the|of|de|du|des|la|le|les|l'|d'|et|und|and|e|y|en|i|och|&|+|van|het|uw|"
        "dal|dalla|da|del|della|il|lo|los|las|desde|z|ze|od|fran|till|er|im|in|am|bei|team|your|votre|vos|notre|nos|tu|su|"
        "tutto|tutta|staff|equipe|l'equipe|equipo|todo|el|toute|tout|ganze|ganzen|hela|hele|zespol|zespolu|calego|teamet|gang"
    )
)
"""Words in lower case that stand in names, and between a closing and a name."""

ROLE = re.compile(
    r"(?<!\w)(?:team|[ée]quipe|service|servizio|servicio|kundenservice|kundendienst|customer|support|klantenservice|"
    r"kundtj[äa]nst|obs[łl]ug\w*|bok|biuro|zesp[óo][łl]|atenci[óo]n|inh\.?|inhaber\w*|gesch[äa]ftsf[üu]hr\w*|ceo|owner|"
    r"founder|manager|g[ée]rante?|responsable|directeur|directrice|titolare|assistenza|eigenaar|w[łl]a[śs]ciciel\w*|"
    r"[äa]gare|atelier|shop|store|boutique|butik|sklep|negozio|tienda|winkel|laden|gmbh|ug|kg|ohg|gbr|e\.k\.|sarl|sas|"
    r"eurl|ltd|llc|inc|s\.?r\.?l\.?|s\.?p\.?a\.?|s\.?l\.?u?\.?|b\.?v\.?|ab|hb|sp\. z o\.o\.?)(?!\w)",
    re.I,
)
REGISTRATION = re.compile(
    r"(?<!\w)(?:firmenbuch\w*|uid|siret|siren|rcs|ape|tva|hr[ab]|amtsgericht|ust-?id\w*|ust\.?-id\w*|steuernummer|st\.?-?nr|p\.? ?iva|"
    r"partita iva|codice fiscale|c\.f\.|rea|kvk(?:-nummer|-nr)?|btw(?:-nummer|-nr)?|nip|regon|krs|org\.? ?-?nr|"
    r"organisationsnummer|momsreg\w*|vat|company (?:no|number|reg\w*)|registered in|cif|nif|c\.i\.f\.|n\.i\.f\.|"
    r"registro mercantil|handelsregister|capital|kapitał zakładowy|lucid|weee)(?!\w)[^\n]{0,60}?\d",
    re.I,
)
"""A company's registration, with its number."""
CONFIDENTIAL = re.compile(r"confiden|vertraulich|riservat|vertrouwelijk|poufn|konfidentiel|privileged|sekretess")
ADDRESSEE = re.compile(
    r"destinat|intended|recipient|empfanger|bestimmt|bestemd|geadresseerd|adresat|avsed|mottagar|erreur|irrtumlich|"
    r"in error|por error|per errore|fout|omylk|misstag|unauthori|unbefugt|delet|supprim|vernicht|usuni|radera"
)
"""A confidentiality notice holds one of each (matched on folded text)."""
PAPER = re.compile(
    r"before printing|n'imprimez|avant d'imprimer|bevor sie .{0,40}(?:drucken|ausdrucken)|prima di stampare|"
    r"antes de imprimir|voordat u .{0,40}print|zanim wydrukujesz|przed wydrukowaniem|innan du skriver ut|virus-?free|"
    r"avast|avg\.com|privacy policy|datenschutzerklarung|informativa (?:sulla )?privacy|politique de confidentialite"
)
POSTSCRIPT = re.compile(r"(?:p\.? ?s\.?|p\.? ?d\.?|n\.? ?b\.?)(?=[\s:!.,–—-])(?! ?\d)", re.I)
"""P.S., P.D. (es), N.B. at a line's beginning."""
