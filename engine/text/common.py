"""Very common words of the eight languages: they tell the language of a short text, and that a segment is no stranger.

Single letters and words of trade are left out, the first so that initials do not vote, the second so that a text about
a parcel is not judged by its subject. Written without capitals, with accents.
"""

from __future__ import annotations

COMMON_WORDS: dict[str, str] = {
    "fr": "de la le vous est et votre bonjour en un pour du nous les que au une sur pas il ou je ne dans on ce si avec "
    "plus notre par avez des bien sans qui avant elle merci vos se sous me chez comme aussi mais rien peut fait oui été "
    "moi non autre après sont fois nos ici bon mon sera cette donc avons depuis suis là être sa aux hier quand encore "
    "faire ça pourriez pouvez voici ces leur très tout toute bonsoir cordialement monsieur madame svp êtes votre vôtre",
    "en": "the it you and is your to on for in of with re we at or that can so one from be if as has have this there no "
    "our are by us not hello me do my before been was only which out all what please here would will they about but "
    "same them under again now its how who just tell thank thanks get where need since also sorry any could don't "
    "i'm we've you're should when then than these those hi dear",
    "de": "die sie der und ist das mit auf wir nicht den für ein bei ich im es haben ihre dem ihr von am bitte ihnen oder "
    "noch hallo zu eine an hat uns nur wie aus auch nach sind da dann sehr sich bis vom wenn einen er um als über was "
    "beim dass mir so zum wird aber ihrer ihrem ohne hier unser mehr danke gibt kann vor schon zur jetzt ob einem falls "
    "du weil zurück unsere mein soll nichts ihn keine mich werden können wurde guten tag ja nein euch",
    "it": "il la di è in le non che per un con se da del ha mi si lo ci al una come della sono ho sul suo dal lei sua anche "
    "va senza noi ma alla nel ne chi più alle può già dopo sulla dei qui nella dell quella nostro questo questa bene "
    "perché hai dalla quando grazie così nn quello delle siamo gli le nostra vostro buongiorno salve ciao gentile "
    "abbiamo essere oppure ancora cosa potete potrebbe vi cordiali saluti",
    "es": "el la de en que no con lo por se del si un su es las los para una me nos ya al usted dos hola sin va hay te está "
    "ha como tu hasta qué tiene más antes este desde sobre otra todo solo mi gracias ni aquí puede bien eso pero hemos "
    "nosotros porque nada también son sí esta yo así mismo otro cuando entre cada quiere buenas buenos días estimado "
    "estimada saludos podría le ustedes muy tenemos",
    "nl": "de het een en is op van met bij uw niet dat voor dan of ik wij je die zijn te ons ook als nog aan maar we heeft "
    "kan onze uit naar wat mag dit nu over hem door moet geen dus daar hebben om meer hier zonder alleen zit welke mijn "
    "onder al terug wordt zo goed was waar wel hoe laat zet wie iets zelf hebt even hallo beste geachte alvast bedankt "
    "groet groeten wilt kunt u er na naar tot",
    "pl": "na nie do to się jest czy za od jak bo proszę bez tylko już że co przy ale tak nas tym dla będzie też ten tam "
    "więc prosimy jeszcze przez albo jeśli mnie są ze kto tej raz przed który mamy może te nam państwa wystarczy niż je "
    "jutro prosze sie gdyby jako tego gdzie nic zamiast teraz my skoro można mogę ja gdy które ta żeby trzeba pani pan "
    "pana panu dzień dobry witam pozdrawiam dziękuję dziękujemy pod",
    "sv": "på du är och vi det den har en inte till med så som att för om kan av ett eller ska får de din går här oss från "
    "finns jag ha vill nu när dig bara ut hos vår ja också blir samma ditt där utan kommer hur då vid vilken tillbaka "
    "tack var gärna någon måste bra efter vad alla över upp allt innan vara kvar mig inget än vilket före även annars "
    "hej hälsningar vänliga mvh era ert ni er",
}


def _index() -> dict[str, frozenset[str]]:
    words: dict[str, set[str]] = {}
    for language, listed in COMMON_WORDS.items():
        for word in listed.split():
            words.setdefault(word, set()).add(language)
    return {word: frozenset(languages) for word, languages in words.items()}


LANGUAGES_OF_WORD: dict[str, frozenset[str]] = _index()
