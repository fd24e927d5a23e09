"""Stores in buckets of Amazon's S3 and of servers that speak its protocol."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import quote

from .._tree import Group as S3Group
from .._tree import Link as S3Link
from ._base import BackendConnection, backend
from .base import ConnectionError

__all__ = ["BACKEND", "S3Connection", "S3Group", "S3Link"]


class S3Connection(BackendConnection):
    """A bucket, which is created when it is absent. Its name is in lower case, with ``-`` for ``_``.

    Credentials come from where Amazon's own tools find them. Options are ``endpoint_url``, the
    server; ``verify``, False for any certificate, or a file of those to trust; ``profile_name``,
    of the shared configuration; and ``region``.
    """

    OPTIONS = {"endpoint_url": None, "verify": True, "profile_name": "default", "region": None}
    makes_root = True

    def __init__(self, name: str, options: dict[str, Any]):
        if "://" not in name:
            name = name.lower().replace("_", "-")
        super().__init__(name, options)

    def address(self) -> str:
        query = []
        if self.options["endpoint_url"]:
            query.append("endpoint=" + quote(self.options["endpoint_url"], safe=":/[]"))
        if self.options["verify"] is not True:
            verify = self.options["verify"]
            query.append("verify=" + (quote(str(verify)) if verify else "false"))
        if self.options["profile_name"] not in (None, "default"):
            query.append("profile=" + quote(self.options["profile_name"]))
        if self.options["region"]:
            query.append("region=" + quote(self.options["region"]))
        return f"s3://{self.name}" + ("?" + "&".join(query) if query else "")

    def again(self) -> None:
        raise ConnectionError(f"Connection {self.name} is already open")

    @property
    def bucket_name(self) -> str:
        return self.name

    @cached_property
    def client(self) -> Any:
        """A client of boto3 for the same server, where boto3 is installed."""
        import boto3

        profile = self.options["profile_name"]
        session = boto3.Session(profile_name=None if profile == "default" else profile, region_name=self.options["region"])
        return session.client("s3", endpoint_url=self.options["endpoint_url"], verify=self.options["verify"])


BACKEND = backend("s3", S3Connection)
