"""The set: what runs where, which flags there are, who has to sign. One object carries it from act to act."""

from dataclasses import dataclass, field

from approvals.actions import StageSpec, set_policy
from core.models import Environment, Product, User
from demo.services.versions import BLUE, GREEN
from demo.story.people import LOYALTY, STOREFRONT
from flags import actions as flags
from flags.models import Flag
from releases import actions
from releases.choices import CheckKind, CheckStatus
from releases.models import Build, Slot

LOYALTY_DIGEST = "sha256:" + "5c" * 32
FLAGS = {
    "search-typo": "Forgives a swapped letter",
    "search-instant": "Answers while one types",
    "search-ranking": "Puts what sells first",
    "wish-list": "Remembers what one looked at",
    "price-alerts": "Tells when a price falls",
}


@dataclass
class Stage:
    """Everything that acts share."""

    people: dict[str, User]
    products: dict[str, Product]
    flags: dict[str, Flag] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)

    @property
    def storefront(self) -> Product:
        return self.products[STOREFRONT]

    @property
    def loyalty(self) -> Product:
        return self.products[LOYALTY]

    def place(self, product: Product, slug: str) -> Environment:
        return product.environments.get(slug=slug)


def build_set(stage: Stage, *, blue_url: str, green_url: str) -> None:
    """Slots, flags, policies, and what has run in production all along."""
    emil, mara = stage.people["emil"], stage.people["mara"]
    production = stage.place(stage.storefront, "production")
    for name, url in (("blue", blue_url), ("green", green_url)):
        address = f"{url}/version" if url else ""
        stage.slots[name] = actions.add_slot(environment=production, name=name, version_url=address, actor=emil)
    for key, says in FLAGS.items():
        stage.flags[key] = flags.create_flag(
            product=stage.storefront, key=key, name=says, actor=emil, owner=mara, for_clients=True
        )
    stage.flags["points-in-basket"] = flags.create_flag(
        product=stage.loyalty, key="points-in-basket", name="Shows points in the basket", actor=emil, owner=mara
    )
    old = register(stage, stage.storefront, BLUE.version, BLUE.digest)
    actions.register_deployment(build=old, environment=production, slot=stage.slots["blue"], actor=emil)
    _policies(stage, mara)
    actions.observe_slots()


def register(stage: Stage, product: Product, version: str, digest: str, commit: str = "") -> Build:
    """A build as Emil's pipeline registers it, with every check passed, and deployed to staging."""
    emil = stage.people["emil"]
    build, _ = actions.register_build(product=product, version=version, digest=digest, commit=commit, actor=emil)
    summaries = {
        CheckKind.REGRESSION: "1 284 tests passed",
        CheckKind.DATABASE: "old and new version run on the same tables",
        CheckKind.SECURITY: "nothing of note",
        CheckKind.PERFORMANCE: "median 60 ms, as before",
    }
    for kind, summary in summaries.items():
        actions.report_check(build=build, kind=kind, status=CheckStatus.PASS, summary=summary, actor=emil)
    actions.register_deployment(build=build, environment=stage.place(product, "staging"), actor=emil)
    return build


def candidate(stage: Stage) -> Build:
    """Search 2.0's build: registered, on staging and in the green slot, where nobody is sent yet."""
    build = register(stage, stage.storefront, GREEN.version, GREEN.digest, commit="4f1c2e97ab03")
    production = stage.place(stage.storefront, "production")
    emil = stage.people["emil"]
    actions.register_deployment(build=build, environment=production, slot=stage.slots["green"], actor=emil)
    actions.observe_slots()
    return build


def _policies(stage: Stage, owner: User) -> None:
    teams = {team.name: team for team in stage.storefront.teams.all()}
    both = [StageSpec(name=name, team=teams[name], due_hours=48) for name in ("QA", "Business")]
    set_policy(product=stage.storefront, stages=both, actor=owner)
    business = StageSpec(name="Business", team=stage.loyalty.teams.get(name="Business"))
    set_policy(product=stage.loyalty, stages=[business], actor=owner)
