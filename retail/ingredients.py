"""Which ingredients an allergen or a diet forbids: by name, and by the words under which it hides.

The allergens are the 14 of Regulation (EU) 1169/2011, Annex II, in English and Spanish. A word forbids every ingredient
that holds it, also inside a longer one: "nut" takes coconut along, since to show too little harms nobody. A name that
is not listed forbids what holds the name itself, so it must be in the catalogue's language.
"""

from functools import lru_cache

from retail.catalog import Item
from retail.household import ANYTHING, plain

UNKNOWN_INGREDIENTS = "unknown_ingredients"
ALLERGEN = "allergen"
DIET = "diet"

_MILK = """
    milk leche butter mantequilla cream nata cheese queso whey suero casein lact yogur yoghur ghee curd quark kefir
    dulce_de_leche mozzarella parmes ricotta manchego cheddar
"""
_GLUTEN = """
    gluten wheat trigo rye centeno barley cebada oat avena spelt espelta kamut semolina semola malt seitan bulgur
    couscous cuscus flour harina bread pan_rallado farro triticale durum freekeh beer cerveza
"""
_EGG = "egg huevo album ovomuc lecithin lecitina mayo meringue merengue lysozyme lisozima yema"
_FISH = """
    fish pescado anchov anchoa boquer tuna atun salmon cod bacalao merluza hake sardin trout trucha surimi caviar
"""
_CRUSTACEANS = "crustace shrimp prawn gamba langost crab cangrejo lobster bogavante krill cigala camaron"
_MOLLUSCS = """
    mollus molusc mussel mejillon clam almeja oyster ostra squid calamar octopus pulpo sepia cuttlefish snail scallop
    vieira
"""
_NUTS = """
    nut nuez nueces almond almendra hazel avellan walnut cashew anacardo pecan pistac macadamia marzipan mazapan
    praline gianduja
"""
_PEANUT = "peanut cacahu groundnut mani arachi"
_MEAT = """
    meat carne beef ternera vaca pork cerdo ham jamon bacon panceta chorizo chicken pollo turkey pavo lamb cordero duck
    pato veal gelatin tallow lard manteca sebo suet rennet cuajo carmin cochin e120 sausage salchicha broth caldo liver
    higado blood sangre collagen colageno animal bone hueso goose rabbit conejo venison e441 e542 isinglass
"""
_HONEY = "honey miel beeswax cera_de_abeja propolis royal_jelly jalea_real shellac e901 e904 lanolin"

_ALLERGENS: dict[str, str] = {
    "gluten": _GLUTEN,
    "crustaceans": _CRUSTACEANS,
    "egg": _EGG,
    "fish": _FISH,
    "peanut": _PEANUT,
    "soy": "soy soja tofu tempeh edamame miso lecithin lecitina",
    "milk": _MILK,
    "nuts": _NUTS,
    "celery": "celery apio celeriac",
    "mustard": "mustard mostaza",
    "sesame": "sesam tahin ajonjoli",
    "sulphites": "sulphit sulfit sulphur sulfur e220 e221 e222 e223 e224 e226 e227 e228 wine vino",
    "lupin": "lupin altramu",
    "molluscs": _MOLLUSCS,
}
_SPELLINGS: dict[str, str] = {
    "gluten": "wheat trigo cereals celiac coeliac celiaco celiaca",
    "crustaceans": "crustacean crustaceo crustaceos shellfish marisco shrimp",
    "egg": "eggs huevo huevos",
    "fish": "pescado",
    "peanut": "peanuts cacahuete cacahuetes cacahuate groundnut mani",
    "soy": "soya soja soybean soybeans",
    "milk": "dairy lactose lactosa leche lacteos",
    "nuts": "nut tree_nuts tree_nut treenuts frutos_secos frutos_de_cascara almonds hazelnuts walnuts cashews",
    "celery": "apio",
    "mustard": "mostaza",
    "sesame": "sesamo",
    "sulphites": "sulphite sulfites sulfite sulfitos",
    "lupin": "altramuces lupins",
    "molluscs": "mollusc mollusks mollusk moluscos shellfish marisco",
}
_DIETS: dict[str, tuple[str, ...]] = {
    "vegetarian": (_MEAT, _FISH, _CRUSTACEANS, _MOLLUSCS),
    "vegan": (_MEAT, _FISH, _CRUSTACEANS, _MOLLUSCS, _MILK, _EGG, _HONEY),
    "gluten free": (_GLUTEN,),
    "lactose free": (_MILK,),
    "dairy free": (_MILK,),
}
"""Diets that a list of ingredients can prove. Others, as halal or kosher, want an item to be declared fit for them."""


@lru_cache(maxsize=64)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


@lru_cache(maxsize=1 << 10)
def _forbidden_by_allergen(allergen: str) -> tuple[str, ...]:
    found = {word for name, text in _ALLERGENS.items() if _names(name, allergen) for word in _words(text)}
    return (*sorted(found), allergen)


def _names(name: str, allergen: str) -> bool:
    return allergen == name or allergen in _words(_SPELLINGS[name])


@lru_cache(maxsize=1 << 17)
def _holds(ingredient: str, words: tuple[str, ...]) -> bool:
    text = plain(ingredient)
    return any(word in text for word in words)


@lru_cache(maxsize=1 << 17)
def _brings(ingredient: str, allergen: str) -> bool:
    """Kept by the two names: an answer asks of hundreds of items, and comparing all words each time is slow."""
    return _holds(ingredient, _forbidden_by_allergen(allergen))


def unfit(item: Item, allergens: frozenset[str], diets: frozenset[str]) -> str:
    """Why the item must not be shown to a household with these, "" where it may. Names as `plain` writes them."""
    if not (allergens or diets) or item.ingredients == () == item.allergens:
        return ""
    contained = (*(item.ingredients or ()), *item.allergens)
    for allergen in allergens:
        if allergen == ANYTHING or any(_brings(one, allergen) for one in contained):
            return ALLERGEN
    suited = {plain(diet) for diet in item.diets}
    if allergens and item.ingredients is None:
        return UNKNOWN_INGREDIENTS
    for diet in diets - suited:
        if reason := _off_diet(item, diet, contained):
            return reason
    return ""


def _off_diet(item: Item, diet: str, contained: tuple[str, ...]) -> str:
    groups = _DIETS.get(diet)
    if groups is not None and item.ingredients is None:
        return UNKNOWN_INGREDIENTS
    if groups is None or any(_holds(one, _words(group)) for one in contained for group in groups):
        return DIET
    return ""
