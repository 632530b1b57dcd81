"""First names, titles, roles and places: what tells people from other capitalised words.

Small letters all; Italian, French, English. Titles and roles are patterns.
"""

_ITALIAN = """
alberto alessandra alessandro alessia alessio alfredo alice amedeo andrea angela angelo anna
antonella antonio arianna armando arturo aurora barbara beatrice benedetta bianca bruno camilla
carla carlo carmela caterina cecilia chiara cinzia claudia claudio corrado cristiano cristina
daniela daniele dario davide debora diego domenico donatella edoardo elena eleonora elio elisa
elisabetta emanuela emanuele emilia emilio enrica enrico enzo ettore eugenio fabio fabrizio fausto
federica federico ferdinando filippo fiorella flavia flavio franca francesca francesco franco
gabriele gabriella gaetano gennaro giacomo gianfranco gianluca gianni gina gino giorgia grazia
giorgio giovanna giovanni giulia giuliano giulio giuseppe giuseppina graziella guglielmo guido
ignazio ilaria irene isabella ivan laura leonardo letizia lidia lino livia lorena lorenzo luca
lucia luciana luciano luigi luisa manuela marcella marcello marco margherita maria mariangela
mariano marina mario marisa marta martina massimiliano massimo matilde matteo mattia maurizio
mauro michela michele mirella monica nadia nicola nicoletta nicolò noemi ornella oscar ottavio
palmira paola paolo pasquale patrizia piera piero pietro raffaele raffaella renato renzo riccardo
rita roberta roberto rocco romano rosa rosanna rosaria rossella salvatore sandra sandro sara
sebastiano serena sergio silvana silvia silvio simona simone sofia sonia stefania stefano susanna
teresa tiziana tommaso tonino ugo umberto valentina valentino valeria valerio vanessa vincenzo
vito vittoria vittorio walter
"""
_FRENCH = """
adèle adrien agathe agnès alain albert alexandre alexis alice aline alphonse amélie anaïs andré
andrée ange anne annie anselme antoine arnaud arthur aude auguste augustin aurélie aurélien
baptiste barnabé benjamin benoît bernadette bernard berthe bertrand blanche brigitte bruno camille
catherine cécile céline charles charlotte chloé christian christiane christine christophe claire
claude clément clémence colette constance corinne cyril damien daniel danielle david delphine
denis denise didier dominique édith édouard éléonore éliane élisabeth élise éloi émile émilie emma
emmanuel emmanuelle éric ernest estelle étienne eugène eugénie eve évelyne fabien fabrice fanny
félix ferdinand fernand florent françois françoise frédéric gabriel gaspard gaston geneviève
georges gérard germaine gilbert gilles guillaume gustave guy hélène henri henriette hervé honoré
hortense hubert hugo hugues inès irène isabelle jacqueline jacques jean jeanne jeannine jérôme
joël joseph joséphine jules julie julien juliette justine laure laurence laurent léa léon léonie
léopold lise louis louise luc lucas lucie lucien ludovic madeleine manon marc marcel marguerite
marianne marie marthe martial martin martine mathieu mathilde mathurin maurice maxime mélanie
michel micheline mireille monique morgane nathalie nicolas nicole noël odette odile olivier pascal
patrice patrick paul paulette pauline philippe pierre raoul raphaël raymond régine régis rémi rené
renée robert robin roger roland rosalie sabine samuel sébastien serge séverine simon simone
solange sophie stéphane stéphanie suzanne sylvain sylvie théo théodore théophile thérèse thierry
thomas tristan ursule valérie véronique victoire victor vincent violette virginie vivien xavier
yann yves yvette yvonne zoé
"""
_ENGLISH = """
aaron abigail adam agatha alan alexander alfred alison amanda amy andrew angela ann anna anthony
archibald arthur audrey austin barbara barry benjamin bernard beth betty bill bob bradley brian
bruce carl carol caroline charles charlotte christina christine christopher clara clarence colin
craig cynthia daisy daniel david deborah dennis diana donald donna dorothy douglas dylan ed edith
edmund edward edwin eleanor elizabeth ellen emily emma eric ernest ethan evelyn florence frances
francis frank fred frederick gary geoffrey george gerald gilbert gordon graham gregory hannah
harold harriet harry heather helen henry herbert howard hugh ian isaac jack jackie jacob james
jane janet jason jeffrey jennifer jeremy jessica jill jim joan joe john jonathan joseph joshua
joyce judith judy julia julian karen kate katherine kathleen keith kenneth kevin kimberly larry
laura lawrence leonard leslie lewis lily linda lisa louis lucy malcolm margaret mark martha martin
mary matthew megan melissa michael michelle mike mildred nancy nathan neil nicholas nicole nigel
oliver olivia oscar pamela patricia patrick paul peggy peter philip rachel ralph raymond rebecca
richard robert roger ronald rose roy ruth ryan sally samuel sandra sara sarah scott sean sharon
shirley simon sophia stanley stephen steven stuart susan suzanne sylvia ted teresa theodore thomas
timothy tom tony tracy ursula victor victoria vincent virginia walter wendy wilfred william
winston zachary
"""
_ALSO_WORDS = """
ange angela aurora austin bianca blanche bill bob chiara claire constance daisy diana emilia eve
florence franca franco frank guy hugo italia jack justine lily livia luca luce mark marina mars
martin noël romano rosa rose roy serena sofia sophia valentina victoire victoria violette virginia
vittoria will
"""
_NEVER_NAMES = """
lundi mardi mercredi jeudi vendredi samedi dimanche lunedì martedì mercoledì giovedì venerdì
sabato domenica monday tuesday wednesday thursday friday saturday sunday january february march
april may june july august september october november december
"""
_OPENERS = """
il la le les lo gli un una une the a an in on at et e ed and but ma mais elle ils io je i
"""
_PLACES = """
via viale vicolo corso piazza piazzale largo ponte palazzo villa teatro stadio ospedale istituto
liceo scuola università fondazione museo porta torre monte isola lago aeroporto stazione premio
circolo palasport parco giardino chiesa basilica santuario rifugio rue avenue boulevard place
impasse quai pont square lycée collège école hôpital université fondation musée théâtre stade gare
aéroport prix église cathédrale château port allée cours street road lane bridge park school
college university hospital museum theatre theater stadium airport station prize award church
cathedral mount lake island fort tower house san santo santa sant santi saint sainte saints st ste
"""
_TITLES = r"""
m\. mm\. mme mme\. mlle mgr monsieur madame mademoiselle docteur maître dr\.? pr\.? signor signora
signorina signore sig\. sig\.ra sig\.na dott\. dott\.ssa dottor dottoressa avv\. avvocato ing\.
prof\.? prof\.ssa professor professoressa onorevole mr\.? mrs\.? ms\.? miss sir lady lord don
donna père mère sœur frère padre suor monsignor cardinale generale capitano colonnello commissario
ministro ministra sindaco sindaca presidente maresciallo captain colonel général capitaine
commandant inspector inspecteur detective president président présidente senator sénateur
sénatrice judge maire mayor minister ministre veuve
"""
_ROLES = r"""
president[ei]s? presidentessa président[es]? présidente presidente president sindac[oa]
mair(?:e|esse) mayor assessor[ae]? assessore consiglier[ae] conseill[eè]re? councillor ministr[oa]
ministre minister sottosegretari[oa] segretari[oa] secrétaire secretary senator[ei]? senatrice
sénat(?:eur|rice) deputat[oa] députée? governor[ei]? governatore gouvern(?:eur|ante) prefett[oa]
préfète? questore commissari[oa] commissaire commissioner procuratore procuratrice procureure?
prosecutor giudice juge judge magistrat[oae]? avvocat[oa] avocate? lawyer notai[oa] notaire
direttor[ei] direttrice direct(?:eur|rice|or) manager amministratore amministratrice
administrat(?:eur|or) fondat(?:ore|rice|eur) fondatrice founder imprenditor[ei] imprenditrice
entrepreneure? chef capo responsabile responsable head leader portavoce porte-parole
spokes(?:man|woman|person) coordinat(?:ore|rice|eur|or) professor[ei]? professoressa professeure?
docente insegnante maestr[oa] maîtresse? teacher rettore rettrice recteur rector
ricercat(?:ore|rice) cherch(?:eur|euse) researcher scienziat[oa] scientist storic[oa]
historienn?e? historian medic[oa] médecin doctor chirurg[oa] chirurgienn?e? surgeon infermier[ae]
infirmi[eè]re? nurse scrittor[ei] scrittrice écrivaine? writer aut(?:eur|rice) author
giornalist[ai] journaliste journalist reporter poeta poète poet pittor[ei] pittrice peintre
painter architett[oa] architecte architect ingegnere ingénieure? engineer attor[ei] attrice
act(?:eur|rice|or|ress) regista réalisat(?:eur|rice) filmmaker cantante chant(?:eur|euse) singer
music(?:ista|ienn?e?|ian) allenat(?:ore|rice) entraîn(?:eur|euse) coach calciat(?:ore|rice)
football(?:eur|euse|er) capitan[oa] capitaine captain generale général colonnello colonel
maresciallo ispettore inspect(?:eur|rice|or) vescovo évêque bishop parroco curé priest
cardinal[ei]? operai[oa] ouvri[eè]re? worker p[eê]ch(?:eur|euse) pescat(?:ore|rice) fisherman
agricolt(?:ore|rice) agricult(?:eur|rice) farmer commerciante commerçante? figli[oa] fils fille
moglie marito épouse mari femme madre padre mère père wife husband son daughter testimone témoin
witness cittadin[oa] studente(?:ssa)? étudiante? student ambasciat(?:ore|rice)
ambassad(?:eur|rice|or) portiere gardienn?e? horlog[eè]re? orologiai[oa] clockmaker
institut(?:eur|rice) bibliothécaire bibliotecari[oa] librarian gérante? CEO
"""

FIRST_NAMES = frozenset((*_ITALIAN.split(), *_FRENCH.split(), *_ENGLISH.split()))
# First names that are also other words, places or months: alone they say nothing.
ALSO_WORDS = frozenset(_ALSO_WORDS.split())
# A name never goes on with these.
NEVER_NAMES = frozenset(_NEVER_NAMES.split())
# Nor with these on a new line: they begin a sentence.
OPENERS = frozenset(_OPENERS.split())
# What bears somebody's name and is nobody; `san` and its kind too.
PLACES = frozenset(_PLACES.split())
# With a title before it one word is a name.
TITLES = tuple(_TITLES.split())
ROLES = tuple(_ROLES.split())
PARTICLES = (
    *("de la", "de", "di", "da", "del", "della", "dello", "dei", "degli", "du", "des", "le", "la"),
    *("von", "van der", "van den", "van", "der", "den", "ten", "ter", "bin", "ben", "al", "el"),
    *("lo", "d['’]", "dell['’]", "l['’]"),
)
