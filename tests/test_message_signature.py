"""Signatures as sellers write them, in eight languages; and text after a closing that no signature may swallow."""

from __future__ import annotations

import pytest

from engine.message.parts import Message
from engine.message.quotation import cut

SIGNED = {
    "fr-closing": (
        "Bonjour,\nPouvez-vous confirmer le texte de la gravure avant jeudi ?",
        "Cordialement,\nMarie Lenoir\nAtelier Lune – gravure depuis 1998\n12 rue des Lilas, 69003 Lyon\nTél. : 04 72 00 00 00"
        "\nwww.atelier-lune.example\nSIRET 123 456 789 00012",
    ),
    "fr-formal": (
        "Il manque le digicode de l'immeuble, merci de nous l'indiquer.",
        "Nous vous prions d'agréer, Madame, l'expression de nos salutations distinguées.\n\nLe service client\nMaison Duval"
        "\n01 40 00 00 00",
    ),
    "fr-thanks": (
        "Quelle couleur souhaitez-vous pour le cadre ?",
        "Merci d'avance,\nSophie\nBoutique Les Petits Riens",
    ),
    "fr-short": ("bonjour il me faut la taille svp pour la bague", "cdt\nlucie\n06 12 34 56 78"),
    "fr-slogan": (
        "L'adresse est incomplète, quel est le numéro de la rue ?",
        "Bien cordialement,\n\nJulien, pour l'équipe\nLa Fabrique à Mots\nDes cadeaux qui racontent une histoire !\n"
        "Découvrez toute la collection : https://fabrique.example/nouveautes\nSuivez-nous sur Instagram @fabriqueamots",
    ),
    "fr-legal": (
        "Merci de m'indiquer le créneau de livraison qui vous convient.",
        "Cordialement\nPaul Martin\n\nCe message est confidentiel et destiné exclusivement à son destinataire. Si vous l'avez"
        " reçu par erreur, merci de le supprimer et d'en avertir l'expéditeur.\n\nPensez à l'environnement avant d'imprimer"
        " ce message.",
    ),
    "en-closing": (
        "Hello,\nWhich initials should we engrave, in capitals or small letters?",
        "Kind regards,\n\nEmma Clarke\nCustomer Care | The Name Shop Ltd\nPhone: +44 20 7946 0000\nhttps://www.nameshop.example"
        "\nPersonal gifts made with love",
    ),
    "en-delimiter": (
        "Could you confirm the flat number for the courier?",
        "-- \nTom Baker\nBaker & Sons Furniture\n20 High Street, Leeds LS1 4DT\n0113 496 0000\nQuality since 1952. Shop our sale!",
    ),
    "en-thanks": ("Please send us the photo in a higher resolution.", "Thanks,\nJo"),
    "en-many": (
        "What time suits you on Friday?",
        "Many thanks and best regards\nThe team at Green Leaf\nT 020 7946 0958",
    ),
    "en-confidential": (
        "We need your phone number for the delivery slot.",
        "Best regards\nAnn\n\nThis e-mail is confidential and intended only for the addressee. If you have received it in error"
        " please delete it.\nRegistered in England, company number 01234567.",
    ),
    "de-closing": (
        "Guten Tag,\nsoll der Name mit ph oder mit f geschrieben werden?",
        "Mit freundlichen Grüßen\nAnna Schmidt\n\nSchmuckatelier Schmidt GmbH\nHauptstraße 5, 80331 München\nTel.: 089 / 123 456 78"
        "\nFax: 089 / 123 456 79\nwww.schmuckatelier.example\nAmtsgericht München HRB 12345 · USt-IdNr. DE123456789",
    ),
    "de-short": ("moin, welche größe brauchen sie denn nun?", "lg jana"),
    "de-from": (
        "Wann dürfen wir den Schrank bringen?",
        "Viele Grüße aus Hamburg,\nIhr Team von Möbel Nord\n☎ 040 1234567",
    ),
    "de-slogan": (
        "Bitte nennen Sie uns die fehlende Hausnummer.",
        "Herzliche Grüße\nFamilie Huber\n--\nHuber Holzspielzeug\nHandgemacht im Allgäu. Besuchen Sie unseren Shop:"
        " www.huber-holz.example\nFolgen Sie uns auf Facebook!",
    ),
    "de-no-closing": (
        "Die Gravur ist zu lang, bitte auf zwölf Zeichen kürzen.",
        "Peter Lang\nLang Gravuren\nTelefon 0221 1234567\ninfo@lang-gravuren.example",
    ),
    "it-closing": (
        "Buongiorno,\nci può confermare il testo da incidere sulla targhetta?",
        "Cordiali saluti,\nGiulia Rossi\nServizio clienti\nBottega del Legno S.r.l.\nVia Roma 12, 20121 Milano\nTel. 02 1234567"
        "\nP.IVA 01234567890\nwww.bottegalegno.example",
    ),
    "it-thanks": ("Manca il numero civico, me lo può indicare?", "Grazie mille\nMarco"),
    "it-waiting": (
        "Di che colore vuole il nastro?",
        "Distinti saluti\n\nLo staff di Casa Creativa\nSeguici su Instagram: @casacreativa",
    ),
    "es-closing": (
        "Buenos días:\n¿Nos confirma el nombre que hay que grabar en el collar?",
        "Un cordial saludo,\nLucía Gómez\nAtención al cliente\nJoyas Luna S.L. · CIF B12345678\nTel. 91 123 45 67"
        "\nhttps://www.joyasluna.example\n¡Regala emociones!",
    ),
    "es-short": ("hola falta el piso y la puerta me lo dice?", "saludos\npaco"),
    "es-thanks": ("¿Qué talla necesita?", "Muchas gracias,\nCarmen\nTienda Mar"),
    "nl-closing": (
        "Goedemiddag,\nWelke tekst wilt u op het kussen?",
        "Met vriendelijke groet,\n\nSanne de Vries\nKlantenservice\nNaamcadeau B.V.\nKeizersgracht 10, 1015 CJ Amsterdam"
        "\nT: 020 123 45 67\nKvK 12345678 | BTW NL123456789B01\nwww.naamcadeau.example",
    ),
    "nl-short": ("kunt u het huisnummer nog doorgeven?", "groetjes lisa"),
    "nl-thanks": ("Past de levering op vrijdag tussen 9 en 12?", "Alvast bedankt,\nPiet Jansen\nJansen Meubels"),
    "pl-closing": (
        "Dzień dobry,\nproszę potwierdzić napis na obrączkach.",
        "Z poważaniem\nAnna Kowalska\nBiuro Obsługi Klienta\nZłoty Dom sp. z o.o.\nul. Długa 5, 00-238 Warszawa\ntel. 22 123 45 67"
        "\nNIP 123-456-78-90, REGON 123456789\nwww.zlotydom.example",
    ),
    "pl-greet": ("Jaki kolor ramki mamy wysłać?", "Pozdrawiam serdecznie,\nKasia\nSklep Kolorowo\n+48 600 700 800"),
    "pl-thanks": ("Brakuje numeru mieszkania w adresie.", "Dziękuję\nPiotr Nowak"),
    "sv-closing": (
        "Hej,\nvilken text vill ni ha på skylten?",
        "Med vänliga hälsningar\nKarin Lund\nKundtjänst\nSkyltmakarna AB\nStorgatan 5, 111 22 Stockholm\nTel: 08-123 45 67"
        "\nOrg.nr 556677-8899\nwww.skyltmakarna.example",
    ),
    "sv-short": ("vilken storlek ska det vara?", "mvh lisa"),
    "sv-thanks": ("Kan du bekräfta portkoden till chauffören?", "Tack på förhand,\nErik Berg\nBergs Möbler"),
    "de-own-words": ("Welche Farbe soll das Wachs haben?", "Summende Grüße\nImkerei Bienenstich"),
    "de-on-behalf": ("Wann passt Ihnen die Anlieferung?", "Freundliche Grüße\n\ni. A. Petra Klein\nVersand & Logistik"),
    "it-staff": ("Mi conferma la taglia, M o L?", "Un caro saluto e buona giornata da tutto lo staff\nSartoria Bella"),
    "sv-two-languages": ("Passar leverans på onsdag?", "Med vänlig hälsning / Best regards\n\nAnders Ek\nLogistik"),
    "sv-word": ("Vilken höjd vill du ha på bordet?", "Vänligen,\nSofia\n\nSnickeriet i Småland AB\nTel. 0470-123 45"),
    "en-yours": ("What is the right street?", "Yours,\nJohn Smith\nManaging Director"),
    "de-two-words": ("Welche Farbe?", "Viele Grüße\nAnna Schmidt\nTel. 089 1234567"),
    "sv-slash": ("Vilken färg ska lacken ha?", "/Jocke"),
    "nl-own-words": ("Welke kleur wilt u voor de band?", "Muzikale groeten,\nDraaierij Delfzijl"),
    "sv-phone": ("Passar leverans på fredag?", "Vänliga hälsningar, Olle\n\nSkickat från min iPhone"),
}
PHONES = (
    "Envoyé de mon iPhone", "Envoyé depuis mon téléphone Samsung", "Envoyé à partir de Outlook pour Android",
    "Télécharger Outlook pour iOS", "Sent from my Galaxy", "Sent from Yahoo Mail on Android", "Get Outlook for iOS",
    "Sent from Mail for Windows", "Sent with Proton Mail secure email.", "Von meinem iPhone gesendet",
    "Von meinem Samsung Galaxy Smartphone gesendet.", "Gesendet mit der GMX Mail App", "Holen Sie sich Outlook für iOS",
    "Outlook für Android herunterladen", "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "Inviato da iPhone", "Inviato dal mio telefono Huawei", "Scarica Outlook per Android", "Enviado desde mi iPhone",
    "Enviado desde mi móvil", "Obtener Outlook para iOS", "Verstuurd vanaf mijn iPhone", "Verzonden vanaf mijn Galaxy",
    "Verzonden met Outlook voor Android", "Wysłane z iPhone'a", "Wysłano z telefonu Samsung", "Pobierz aplikację Outlook dla iOS",
    "Skickat från min iPhone", "Skickat från Outlook för Android", "Hämta Outlook för iOS",
)  # fmt: skip


def of_kind(text: str, kind: str) -> str:
    return "".join(text[region.start : region.end] for region in cut(text) if region.kind == kind)


@pytest.mark.parametrize("case", SIGNED)
@pytest.mark.parametrize("gap", ["\n\n", "\n"], ids=["apart", "close"])
def test_signatures_are_apart_and_the_body_is_whole(case: str, gap: str) -> None:
    if gap == "\n" and case in ("de-no-closing",):
        pytest.skip("nothing but the empty line tells this signature")
    body, signature = SIGNED[case]
    text = f"{body}{gap}{signature}\n"
    assert of_kind(text, "body").strip() == body
    assert of_kind(text, "signature").strip() == signature.strip()


@pytest.mark.parametrize("case", SIGNED)
def test_signatures_are_apart_in_html(case: str) -> None:
    body, signature = SIGNED[case]
    html = "<div>" + body.replace("\n", "<br>") + "</div><br><p>" + signature.strip().replace("\n", "<br>") + "</p>"
    (text,) = (text for text in Message.of(html=html).texts if text.regions[0].kind == "body")
    pieces = {region.kind: text.text[region.start : region.end] for region in text.regions}
    assert pieces["body"].split() == body.split()
    assert pieces["signature"].split() == signature.split()


@pytest.mark.parametrize("line", PHONES)
def test_phone_lines_are_signature_wherever_they_stand(line: str) -> None:
    assert of_kind(f"Which size?\n\n{line}", "signature") == line
    assert (
        of_kind(f"Which size?\n\n{line}\n\nOn 3 Mar 2025, at 14:05, A <a@b.example> wrote:\n> x", "signature").strip()
        == line
    )


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour,\nMerci,\nle colis part demain\nbonne journée",
        "Merci,\nPouvez-vous nous donner le code ?\nIl manque aussi l'étage.",
        "Thanks,\nwe still need the size of the ring\nand the colour",
        "Danke,\nPaket kommt morgen\nbitte Klingel reparieren",
        "Bonjour Madame,\n\nMerci Madame Dupont,\n\nLe transporteur passera jeudi entre huit heures et midi.\n\nQuel étage ?",
        "Viele Grüße aus Hamburg!\nIhre Tasse ist noch nicht fertig. Welche Farbe soll die Schrift haben?",
        "Please confirm the delivery address:\n\nAnna Schmidt\nHauptstr. 5\n80331 München\nTel. 0171 1234567",
        "Regards the order 123, which colour do you want?",
        "Best option would be to deliver on Friday, is this fine?",
        "Sent from our warehouse in Lyon yesterday, please tell us the door code.",
        "Verzonden met PostNL, wilt u het huisnummer controleren?",
        "Saludos a tu madre de parte de todos, ¿qué color quiere?",
        "Cordialement votre, ce serait possible de livrer lundi ?",
        "Hej\nTack\nvilken färg vill du ha",
        "Hej, en fråga till.\nVänligen bekräfta färgen före torsdag.\nVi behöver den nu.",
        "Hello, one more thing.\nYours is the blue one?\nPlease tell us.",
        "Hallo,\nviele Grüße aus Hamburg!\nWelche Farbe soll die Schrift haben?",
        "The engraving reads:\n--\nFor ever yours\n",
    ],
)
def test_no_text_vanishes_into_a_signature(text: str) -> None:
    assert of_kind(text, "signature") in ("", "--\n")


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        ("PS : laissez-nous un petit avis sur la boutique !", True),
        ("P.S. Could you also tell us the size?", True),
        ("PS: Über eine Bewertung würden wir uns freuen", True),
        ("P.D.: ¡Déjenos su opinión!", True),
        ("N.B. il manque aussi le numéro de téléphone", True),
        ("Pouvez-vous aussi confirmer que le digicode est toujours le bon ?", True),
        ("Ach ja, könnten Sie uns bitte auch noch Ihre Telefonnummer für den Fahrer geben?", True),
        (
            "I forgot to say that the engraver is ill until Thursday. Your ring will be finished on Friday at the earliest,"
            " and the courier will collect it on Saturday morning.",
            True,
        ),
        ("Fragen? Rufen Sie uns an: 089 1234567", False),
        ("Vous cherchez un cadeau unique ?", False),
        ("Handgemachter Schmuck aus dem Allgäu – mit Liebe gemacht.", False),
        ("Entdecken Sie unsere neue Kollektion auf www.shop.example!", False),
        ("Our shop sells the finest oak furniture, made by hand in a small family firm in Leeds. Visit us at www.oak.example.", False),
    ],
)  # fmt: skip
def test_what_follows_a_signature(after: str, kept: bool) -> None:
    text = f"Which colour would you like for the frame?\n\nKind regards\nMarie Lenoir\nAtelier Lune\n\n{after}"
    assert (after in of_kind(text, "body")) is kept
    assert "Marie Lenoir" in of_kind(text, "signature")


def test_a_postscript_without_an_empty_line() -> None:
    text = "Quelle taille faut-il ?\n\nCordialement,\nMarie\nPS : laissez-nous un avis !\n"
    assert of_kind(text, "body").endswith("PS : laissez-nous un avis !\n")


def test_a_sentence_in_small_letters_after_the_name() -> None:
    text = "welche farbe soll es sein?\n\nlg anna\nund bitte noch die hausnummer schicken\n"
    assert "hausnummer" in of_kind(text, "body")


def test_a_message_in_two_languages_has_two_signatures() -> None:
    text = (
        "Quelle taille souhaitez-vous ?\n\nCordialement,\nMarie Lenoir\nAtelier Lune\n\n---\n\nHello,\nwhich size would you like?\n"
        "Please answer by Friday.\n\nKind regards,\nMarie Lenoir\nAtelier Lune\n"
    )
    body, signature = of_kind(text, "body"), of_kind(text, "signature")
    assert "Please answer by Friday." in body
    assert "Quelle taille" in body
    assert "Lenoir" not in body
    assert signature.count("Marie Lenoir") == 2


def test_a_delimiter_below_a_quotation() -> None:
    text = "Which size?\n\nOn 03/03/2025 14:05, Jean wrote:\n> old\n\n-- \nAnna\nShop\n"
    assert [region.kind for region in cut(text)] == ["body", "quoted", "signature"]


def test_a_registration_and_a_notice_in_one_paragraph() -> None:
    legal = (
        "Firmenbuchnummer FN 123456x | Landesgericht Wien | UID ATU12345678\nDiese E-Mail kann vertrauliche Informationen "
        "enthalten. Sollten Sie nicht der richtige Adressat sein, informieren Sie bitte den Absender und löschen Sie sie."
    )
    assert of_kind(f"Welche Farbe?\n\nViele Grüße\nAnna\n\n{legal}", "signature").endswith(legal)


def test_a_closing_in_a_sentence() -> None:
    text = "Quelle couleur voulez-vous ?\nDans l'attente de votre réponse, cordialement,\nMarie Lenoir\n"
    assert of_kind(text, "signature") == "Marie Lenoir\n"


@pytest.mark.parametrize(
    "opening",
    ['<div class="gmail_signature" data-smartmail="gmail_signature">', '<div id="Signature">', '<pre class="moz-signature">',
     '<div id="ms-outlook-mobile-signature">', '<div class="x_gmail_signature">'],
)  # fmt: skip
def test_containers_of_signatures(opening: str) -> None:
    html = f'<p>Which size?</p>{opening}Marie<br>Shop <a href="https://shop.example">Visit us</a></div>'
    message = Message.of(html=html)
    (text,) = (text for text in message.texts if text.regions[0].kind == "body")
    assert [(r.kind, text.text[r.start : r.end].split()) for r in text.regions] == [
        ("body", ["Which", "size?"]),
        ("signature", ["Marie", "Shop", "Visit", "us"]),
    ]
    assert [(link.text, link.part) for link in message.links] == [("Visit us", "signature")]


def test_a_signature_above_the_quotation() -> None:
    text = (
        "Which size?\n\nRegards\nMarie\n06 12 34 56 78\n\nOn 3 Mar 2025, at 14:05, A <a@b.example> wrote:\n\n> When?\n"
    )
    assert [region.kind for region in cut(text)] == ["body", "signature", "quoted"]
