"""Elasticsearch's errors as ours: each says what is wrong and what to do, and whether asking again may help."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    NotFoundError,
    TransportError,
    UnsupportedProductError,
)
from elasticsearch import ConnectionError as NotReached

from index.store import StoreError, Unavailable, WrongIndex

OLDEST = (8, 19)
BUSY = frozenset({429, 502, 503, 504})
_NO_WRITES = "Elasticsearch takes no writes now (read-only, or its disk is full)"
_OTHER_MAPPING = frozenset(
    {"strict_dynamic_mapping_exception", "document_parsing_exception", "mapper_parsing_exception"}
)


class WrongServer(StoreError):
    """What answers is not an official Elasticsearch 8.19 or later: OpenSearch, 7.x, or something else."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"TRADEWARN_ELASTICSEARCH_URL leads to {found}: tradewarn needs an official Elasticsearch 8.19 or later, or 9.x"
            " (OpenSearch and 7.x are not supported); leave the setting empty for the embedded index"
        )


class Gone(StoreError):
    """No index stands behind the alias that was written to."""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """The client's errors as ours; 404 is left to the caller, who knows what it means."""
    try:
        yield
    except NotFoundError:
        raise
    except (ApiError, TransportError) as error:
        raise ours(error) from error


def ours(error: ApiError | TransportError) -> StoreError:
    if isinstance(error, UnsupportedProductError):
        return WrongServer("a server that does not say it is Elasticsearch")
    if isinstance(error, ApiError):
        return _answered(error)
    if isinstance(error, NotReached):
        return Unavailable(f"Elasticsearch cannot be reached: {error}")
    return Unavailable(f"Elasticsearch did not answer properly: {error}")


def _answered(error: ApiError) -> StoreError:
    info = str(error)
    if error.error == "cluster_block_exception":
        return Unavailable(f"{_NO_WRITES}: {info}")
    if error.status_code == 406 or error.error == "media_type_header_exception":
        return WrongServer("a server that does not speak the language of Elasticsearch 8")
    if isinstance(error, AuthenticationException):
        return StoreError(f"Elasticsearch does not know this user or password: {info}")
    if isinstance(error, AuthorizationException):
        return StoreError(f"this user may not do that in Elasticsearch (roles: deploy/elasticsearch): {info}")
    if error.status_code in BUSY:
        return Unavailable(f"Elasticsearch is too busy: {info}")
    return StoreError(f"Elasticsearch answered {error.status_code}: {info}")


def refused(outcome: Mapping[str, Any]) -> StoreError:
    """Why one item of a bulk was not written."""
    kind, reason = outcome["error"].get("type", ""), outcome["error"].get("reason", "")
    if kind == "index_not_found_exception":
        return Gone(f"no index stands behind the alias ({reason}): run `tradewarn rebuild`")
    if blocked(outcome):
        return Unavailable(f"{_NO_WRITES}: {reason}")
    if outcome["status"] == 403:
        return StoreError(f"this user may not write to the index: {reason}")
    if kind in _OTHER_MAPPING:
        return WrongIndex(f"the index has another mapping: {reason}: run `tradewarn rebuild`")
    return StoreError(f"Elasticsearch refused {outcome.get('_id')}: {kind}: {reason}")


def blocked(outcome: Mapping[str, Any]) -> bool:
    """A block stays until a person lifts it: waiting does not help (a full disk answers 429 like a busy cluster)."""
    return bool(outcome["error"].get("type") == "cluster_block_exception")


def check_server(versions: Mapping[str, Any]) -> None:
    """`versions` is `_nodes?filter_path=nodes.*.version`; every node must be new enough. Raises WrongServer."""
    for node in versions.get("nodes", {}).values():
        parts = tuple(int(part) for part in str(node["version"]).split("-")[0].split(".")[:2])
        if parts < OLDEST:
            raise WrongServer(f"Elasticsearch {node['version']}")
