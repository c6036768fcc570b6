"""Allow or deny: every call to the local AWS is judged here, and nowhere else.

What a call needs (`needs`), which policies speak about it (`gathering`, `resource_policies`) and
what AWS adds to every request (`principals`) go to `causeway.iam`, which decides; a denial comes
back in the words of the service (`denial`), and every decision is kept (`record`).
"""

from localaws.identity.authorisation.authoriser import Authoriser

__all__ = ["Authoriser"]
