"""The words that people make passwords of when they are asked for one, chosen by us: no list of others is copied here.

Compared without regard to case and to letters written as digits; what counts of a password is what is left beside them.
"""

WORDS: frozenset[str] = frozenset(
    """
    password passwort passwd pass pwd kennwort secret geheim private changeme change default standard initial temp
    temporary new first once qwert azerty asdf hello hallo welcome willkommen bonjour hola ciao letmein open enter
    login logon signin access zugang account konto user username benutzer admin administrator root superuser master
    system server service operator manager support helpdesk guest gast public test testing tester demo example sample
    trial dummy backup database oracle postgres mysql linux windows ubuntu debian apache nginx docker cisco router
    network internet website web mail email google apple microsoft facebook amazon samsung android iphone computer
    laptop desktop keyboard monitor office company firma business work arbeit team group project intern internal
    external security secure sicher sicherheit safe token gateway auth key vault
    january february march april may june july august september october november december
    januar februar maerz mai juni juli oktober dezember
    monday tuesday wednesday thursday friday saturday sunday
    montag dienstag mittwoch donnerstag freitag samstag sonntag
    spring summer autumn fall winter fruehling sommer herbst today tomorrow morgen heute
    love liebe iloveyou baby angel engel princess prinzessin sunshine sonne sonnenschein flower blume dragon drache
    monkey tiger lion eagle shadow hunter ninja pirate wizard king queen prince hero killer lucky happy funny crazy
    sweet honey sugar chocolate cookie coffee banana orange cherry pepper ginger football fussball soccer baseball
    basketball hockey tennis golf game gamer player winner champion star superman batman spiderman pokemon matrix
    music guitar rock metal freedom freiheit forever always never nothing something everything whatever
    money geld gold silver diamond black white blue green red yellow purple family familie mother father mama papa
    sister brother friend freund michael thomas daniel andreas peter martin robert andrew jessica jennifer ashley
    michelle nicole charlie maggie buster berlin london paris munich hamburg vienna wien zurich newyork germany
    deutschland austria america england france the and for you your mine
    """.split()  # noqa: SIM905  three hundred quotation marks would say nothing
)
