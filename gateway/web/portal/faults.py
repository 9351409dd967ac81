"""How a page tells of what went wrong: in the words of the use case, or of what a stranger may know."""

from gateway.auth.refused import Refused
from gateway.web.api.problem import Problem
from gateway.web.portal.form import Fault
from gateway.web.portal.page import Shown
from gateway.web.portal.words import Words


def told(refused: Refused, words: Words) -> Fault:
    """What a use case refused, for the field of a form."""
    return Fault(field=refused.field, text=words.refused(refused))


def fault_page(problem: Problem, words: Words) -> Shown:
    """The page in place of one that cannot be shown. Its title is by the status, its text by the problem."""
    titles = {
        403: words("You may not see this"),
        404: words("There is nothing here"),
        405: words("That does not work this way"),
        429: words("Too many requests"),
        503: words("One moment, please"),
    }
    general = words("Something went wrong here") if problem.status >= 500 else words("That did not work")
    text = words.refused(Refused(problem.code, message=problem.detail, mend=problem.mend))
    data = {"title": titles.get(problem.status, general), "text": text, "code": problem.code}
    return Shown(template="error.html", status=problem.status, data=data)
