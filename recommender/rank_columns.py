"""The columns of what the ranker looks at, by name and by number; see `rank_features`."""

FEATURES = (
    "habit",
    "habit of 14 days",
    "habit of 45 days",
    "habit of 3 baskets",
    "habit of 10 baskets",
    "habit of 25 baskets",
    "habit at the last purchase",
    "times bought",
    "days since the last purchase",
    "the same over the item's usual gap",
    "the same over the customer's mean gap",
    "the same over the customer's last gap",
    "the same over the days between baskets",
    "days between the last two purchases",
    "baskets since",
    "baskets with it",
    "baskets fading by .7",
    "habit over the customer's largest",
    "habit over the customer's sum",
    "habits of what is bought with it",
    "habits of what is alike",
    "seen together",
    "taste",
    "popular here",
    "place of popularity",
    "bought again",
    "usual gap",
    "score",
    "place",
    "habits of the customer",
    "sum of habits",
    "days since the customer's last purchase",
    "items of a basket",
    "days between baskets",
)
"""By column."""

(
    HABIT,
    FAST_HABIT,
    MIDDLE_HABIT,
    HABIT_3,
    HABIT_10,
    HABIT_25,
    LAST_HABIT,
    TIMES,
    DAYS,
    OVERDUE,
    MEAN_OVERDUE,
    OWN_OVERDUE,
    RHYTHMS,
    GAP,
    BASKETS_SINCE,
    BASKETS_WITH,
    FADING_7,
    OF_LARGEST,
    OF_SUM,
    TOGETHER_HABITS,
    ALIKE_HABITS,
    TOGETHER,
    LIKED,
    HERE,
    POPULAR_PLACE,
    AGAIN,
    USUAL_GAP,
    SCORE,
    PLACE,
    HABITS,
    SUM,
    CUSTOMER_DAYS,
    BASKET_SIZE,
    BASKET_DAYS,
) = range(len(FEATURES))

NEVER = 1000.0
"""Days since what never happened."""

UNKNOWN = -1.0
"""A gap where there was only one purchase."""

LONG_AGO = 99.0
"""Baskets since one that the history no longer holds."""
