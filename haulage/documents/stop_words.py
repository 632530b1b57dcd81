"""The commonest words of Italian, French and English, which say nothing about a text's subject."""

_FRENCH = """
a ai aie ait ainsi alors après as au aucun aussi autre autres aux avaient avait avant avec avez
avoir avons c ça car ce cela celle celles celui cependant ces cet cette ceux chaque chez comme
comment d dans de des depuis dès deux devant dit doit donc dont du elle elles en encore enfin entre
es est et étaient était étant été être eu eut eux fait faire fois font fut il ils j je jusque l la
là le les leur leurs lorsque lui m ma mais me même mêmes mes moi moins mon n ne ni non nos notre
nous on ont or ou où par parce pas pendant peu peut plus plusieurs pour pourquoi presque puis
puisque qu quand que quel quelle quelles quelque quelques quels qui quoi rien s sa sans se sera ses
si son sont sous sur t ta tandis tant te tes toi ton toujours tous tout toute toutes très trop tu un
une vers voici voilà vos votre vous y
"""
_ITALIAN = """
a abbia abbiamo ad affinché agli ai al all alla alle allo allora anche ancora aveva avevano avere
avendo avuto c che chi ci ciò coi col come con così cui d da dagli dai dal dall dalla dalle dallo
degli dei del dell della delle dello dentro di dopo dove due e è ed ebbe egli era erano essa esse
essere essi fa fare fino fu fra furono già gli ha hai hanno ho i il in infatti io l la le lei li lo
loro lui ma me mentre mi mia mie miei mio molto n ne negli nei nel nell nella nelle nello no noi non
nostra nostro o ogni oggi oltre ora ove per perché perciò però più poi poco prima proprio può
qual quale quali quando quanto quasi quel quella quelle quelli quello questa queste questi questo
qui s sarà se sé sei sempre senza si sia siamo siano sono sopra sotto sta stata stati stato stessa
stesso su sua sue sugli sui sul sull sulla sulle suo suoi tale tanto te ti tra tu tua tuo tutta
tutte tutti tutto un una uno v verso vi voi vostro
"""
_ENGLISH = """
a about above after again against all also am an and any are as at be because been before being
below between both but by can could d did do does doing down during each even every few for from
further had has have having he her here hers him his how however i if in into is it its itself just
ll may me might more most much must my no nor not now of off on once one only or other our out over
own re s same shall she should so some still such t than that the their them then there these they
this those though through to too two under until up upon us ve very was we were what when where
which while who whom whose why will with within without would yet you your
"""

_BY_LANGUAGE = {
    "en": frozenset(_ENGLISH.split()),
    "fr": frozenset(_FRENCH.split()),
    "it": frozenset(_ITALIAN.split()),
}
_NONE: frozenset[str] = frozenset()


def stop_words(language: str) -> frozenset[str]:
    """The stop words of an ISO 639-1 language, lower case; none for a language without a list."""
    return _BY_LANGUAGE.get(language, _NONE)
