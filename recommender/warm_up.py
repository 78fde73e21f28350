"""Every kernel that decides, compiled, or read from the disk, before a decision has to wait for it.

Takes seconds on a machine that never did; milliseconds afterwards.
"""

from recommender import promote, session_build, sessions
from recommender.batch import room
from recommender.model import Model
from recommender.rank_features import Known
from recommender.rank_trees import rerank
from recommender.ranker import no_ranker
from recommender.recommend import Query, batch_of, encoded_slates, recommend
from retail.customers import CustomerState
from retail.reference import Reference


def compile_all(model: Model) -> None:
    compile_slates(model)
    promote.warm_up()


def compile_slates(model: Model) -> None:
    """What a slate needs."""
    nobody = Query(customer="", state=CustomerState(), at=0)
    batch = batch_of((nobody,), model)
    sessions.warm_up(model, batch)
    session_build.warm_up()
    recommend(nobody, model, Reference())
    encoded_slates((nobody,), model, Reference())
    ranker = model.ranker or no_ranker()
    rerank(Known(model.shelf, model.keys, ranker.repeats), ranker.trees, batch, room(1, 1, 1))
