"""Every setting, in one place: `TRADEWARN_*` in the environment or in `.env`. The rooms never read the environment.

The list with defaults is generated into `docs/settings.md`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one installation. A wrong value stops the command with exit code 2 and names the setting."""

    model_config = SettingsConfigDict(env_prefix="TRADEWARN_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(Path(".tradewarn"), description="The folder that holds everything local: state, archive, index.")
    archive_url: str = Field("", description="Any fsspec URL for the archive; empty: `archive/` under the home.")
    database_url: str = Field("", description="SQLAlchemy URL of the state; empty: `state.db` (SQLite) under the home.")
    elasticsearch_url: str = Field(
        "", description="An official 8.19+ or 9.x Elasticsearch (several URLs: comma); empty: the embedded store."
    )
    elasticsearch_user: str = Field("", description="User of Elasticsearch.")
    elasticsearch_password: SecretStr = Field(SecretStr(""), description="Password of that user.")
    elasticsearch_ca: str = Field("", description="CA certificate file for Elasticsearch over TLS.")
    elasticsearch_index: str = Field("tradewarn-alerts", description="Alias of the alert index.")
    contact: str = Field(
        "", description="Address put into the User-Agent, so that an authority can reach us. Required for live crawls."
    )
    attachments: bool = Field(
        False,
        description="Let every crawl read the documents its source names (drafts, rules) as text; not back-fills.",
    )
    processes: int = Field(
        1, ge=1, le=256, description="Processes that classify side by side; each holds an engine of its own in memory."
    )
    wto_key: SecretStr = Field(
        SecretStr(""), description="Subscription key of the WTO ePing API; without it the workbook."
    )
    openfda_key: SecretStr = Field(SecretStr(""), description="Key of openFDA; without it 1,000 requests a day.")
    city: str = Field("本市", description="Name of the city in bulletins and pages.")
    city_en: str = Field("our city", description="The same in English.")
    publisher: str = Field("技贸预警", description="Who publishes the bulletin.")
    publisher_en: str = Field("tradewarn", description="The same in English.")
    comment_lead_days: int = Field(
        15, ge=0, le=90, description="Internal collection date 内部征集截止 = deadline minus this."
    )
    enquiry_point: str = Field(
        "国家市场监督管理总局标准技术管理司(WTO/TBT-SPS国家通报咨询中心)",
        description="Where WTO comments are handed in, as printed in the bulletin.",
    )
    enquiry_point_en: str = Field(
        "Standards Technical Management Department, State Administration for Market Regulation "
        "(national WTO/TBT-SPS notification and enquiry centre)",
        description="The same in English; set it together with the Chinese one, else English editions say it is not set.",
    )
    enquiry_point_checked: str = Field(
        "", description="The date that address was last checked; empty is printed as 未核对."
    )
    subscriptions: Path | None = Field(
        None, description="YAML file of subscriptions; empty: `subscriptions.yml` under the home."
    )
    alert_url: str = Field(
        "", description="Page of an alert as mailed, `{id}` where its id goes, e.g. https://example.org/zh/alerts/{id}."
    )
    bind: str = Field("127.0.0.1", description="Address `tradewarn serve` listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port `tradewarn serve` listens on; 0 takes a free one.")
    embed_origins: str = Field("", description="Origins that may embed the public pages (comma); empty: none.")

    @property
    def enquiry_points(self) -> tuple[str, str]:
        """The enquiry point in Chinese and in English. Our English name goes with our Chinese one, with no other."""
        own = {"enquiry_point", "enquiry_point_en"} & self.model_fields_set
        return self.enquiry_point, "" if own == {"enquiry_point"} else self.enquiry_point_en

    @property
    def archive(self) -> str:
        return self.archive_url or str(self.home.resolve() / "archive")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home.resolve() / 'state.db'}"

    @property
    def embedded_index(self) -> Path:
        return self.home.resolve() / "index.db"

    @property
    def subscription_file(self) -> Path:
        return self.subscriptions or self.home / "subscriptions.yml"

    def keys(self) -> dict[str, str]:
        """API keys by the setting a source's `key_setting` names; only those that are set."""
        pairs = {"TRADEWARN_WTO_KEY": self.wto_key, "TRADEWARN_OPENFDA_KEY": self.openfda_key}
        return {name: key.get_secret_value() for name, key in pairs.items() if key.get_secret_value()}

    def replaying(self, folder: Path) -> Settings:
        """These settings for a replay: a home of its own under the home, nothing of the real state touched."""
        home = self.home / "replay" / folder.resolve().name
        return self.model_copy(update={"home": home, "archive_url": "", "database_url": "", "elasticsearch_url": ""})


@lru_cache(maxsize=1)
def defaults() -> dict[str, tuple[str, str]]:
    """name → (default, description), for the generated page."""
    rows = {}
    for name, info in Settings.model_fields.items():
        default = info.default.get_secret_value() if isinstance(info.default, SecretStr) else info.default
        rows[f"TRADEWARN_{name.upper()}"] = ("" if default is None else str(default), info.description or "")
    return rows
