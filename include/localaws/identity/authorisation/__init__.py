"""Allow or deny: every call to the local AWS is authorised here, and nowhere else.

`causeway.iam` decides, from the permissions that a call needs (`needs`), the policies that apply to
it (`gathering`, `resource_policies`) and the context keys that AWS adds to every request
(`principals`). A denial is worded as the service words it (`denial`); every decision is recorded
(`record`).
"""

from localaws.identity.authorisation.authoriser import Authoriser

__all__ = ["Authoriser"]
