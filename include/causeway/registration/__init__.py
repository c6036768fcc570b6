"""Registration of a candidate as a version of the shared group.

`request` builds `CreateModelPackage`; `manifest` digests the artifact and every file in it;
`comparison` puts the candidate beside production for whoever decides.
"""
