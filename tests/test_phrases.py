"""The phrase grammar: what each sign matches, and what is refused."""

import re

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.rulebook.phrases import PhraseError, compile_phrases, needs
from engine.text.fold import fold_plain


def found(phrase: str, text: str) -> str | None:
    match = re2.search(compile_phrases([phrase]), fold_plain(text))
    return match.group() if match else None


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("avis", "un AVIS !", "avis"),
        ("avis", "travis", None),
        ("avis", "l'avis", "avis"),
        ("petit avis", "petit-avis", "petit avis".replace(" ", "-")),
        ("petit avis", "petit. avis", None),
        ("petit avis", "petit\navis", None),
        ("laisse* avis", "laissez avis", "laissez avis"),
        ("*karte", "Postkarte", "postkarte"),
        ("*bewert*", "Produktbewertungen", "produktbewertungen"),
        ("laisse* .. avis", "laisser un tout petit avis", "laisser un tout petit avis"),
        ("laisse* .. avis", "laisser un tout petit mot avis", None),
        ("laisse* .. avis", "laissez avis", "laissez avis"),
        ("laisse* .. avis", "laissez. Un avis", None),
        ("{note donner}", "une note à donner", "note a donner"),
        ("{note donner}", "donner la note", "donner la note"),
        ("(quelques|cinq|5) étoiles", "Cinq étoiles", "cinq etoiles"),
        ("petit? avis", "avis", "avis"),
        ("avis merci?", "avis", "avis"),
        ("un .. petit? avis", "un très bon avis", "un tres bon avis"),
        ("un petit? .. avis", "un très bon avis", "un tres bon avis"),
        ("un petit? .. avis", "un petit tout nouvel avis", "un petit tout nouvel avis"),
        ("un petit? joli? avis?", "un joli avis", "un joli avis"),
        ("petit? joli? avis", "joli avis", "joli avis"),
        ("pour (un (petit|bon)|le) avis", "pour un bon avis", "pour un bon avis"),
        ("für sie", "fuer Sie", "fuer sie"),
        ("für sie", "für Sie", "fur sie"),
        ("grå", "graa", "graa"),
        (r"5\*", "5*", None),
        ("s'il vous plaît", "s’il vous plait", "s'il vous plait"),
    ],
)
def test_matches(phrase: str, text: str, expected: str | None) -> None:
    assert found(phrase, text) == expected


@pytest.mark.parametrize(
    ("phrase", "at"),
    [
        ("", 0), ("..", 0), ("a ..", 4), (".. a", 0), ("a .. .. b", 5), ("(a|b", 0), ("a)", 1), ("a|b", 1), ("{a}", 0),
        ("{a b c d e}", 0), ("{a b", 0), ("a?", 0), ("a*b", 2), ("?", 0), ("a.b", 1), ("(a|)", 3), ("*", 0),
        ("(((((((((a)))))))))", 9),
    ],
)  # fmt: skip
def test_refuses_and_says_where(phrase: str, at: int) -> None:
    with pytest.raises(PhraseError) as error:
        compile_phrases([phrase])
    assert error.value.at == at
    assert str(error.value)


PHRASES = st.recursive(
    st.sampled_from(["laisse*", "avis", "*karte", "für", "note", "5", "l'an"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} .. {pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(PHRASES, st.text(alphabet=st.sampled_from("laiserv nokt.5'üz\n"), max_size=60))
def test_the_literals_match_wherever_the_phrase_does(phrase: str, text: str) -> None:
    """The filter may let too much through, never too little."""
    folded = fold_plain(text)
    if re2.search(compile_phrases([phrase]), folded):
        words = f" {' '.join(re.findall('[a-z0-9]+', folded))} "
        assert all(any(literal in words for literal in literals) for literals in needs(phrase))


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("laisse* .. petit? avis", ((" laisse",), (" avis ",))),
        ("(note|avis) de la boutique", ((" boutique ",), (" note ", " avis "))),
        ("für", ((" fuer ", " fur "),)),
        ("y a", ((" y ",), (" a ",))),
        ("(y|avis) de", ((" de ",), (" y ", " avis "))),
        ("{note donner}", ((" donner ",),)),
        ("*karte", (("karte ",),)),
        ("*gutschein*", (("gutschein",),)),
        ("l'avis*", ((" avis",), (" l ",))),
    ],
)
def test_needs(phrase: str, expected: tuple[tuple[str, ...], ...]) -> None:
    assert needs(phrase) == expected
