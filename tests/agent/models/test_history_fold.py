"""What is made of a history step by step, and of the answers of a text planner."""

from actions.action import Wait
from actions.frame import Frame
from agent.core.step import Step
from agent.models.history_fold import HistoryFold
from agent.models.text_planner import AnswersSoFar


def step(index: int, raw: str = "", part: int = 0, acts: bool = True) -> Step:
    frame, action = Frame(id=str(index), width=10, height=10), Wait(seconds=1) if acts else None
    return Step(index=index, time=index, frame=frame, image="x", action=action, raw=raw, part=part)


def test_each_step_is_looked_at_once_and_another_history_from_its_beginning() -> None:
    looked = list[Step]()

    def then(made: tuple[int, ...], one: Step) -> tuple[int, ...]:
        looked.append(one)
        return *made, one.index

    fold, steps = HistoryFold[tuple[int, ...]]((), then), [step(index) for index in range(50)]
    for end in range(51):
        assert fold.of(steps[:end]) == tuple(range(end))
    assert looked == steps
    assert fold.of([steps[0], step(7)]) == (0, 7), "a step that was replaced"
    assert fold.of(steps[:3]) == (0, 1, 2), "a history that was cut"
    assert fold.of([step(3)]) == (3,)


def test_the_plan_the_notes_and_the_beginnings_of_answers_are_kept() -> None:
    said = [
        step(0, '{"plan": ["a", "b"], "note": "one"}'),
        step(1, part=1),
        step(2, '{"finished": 1, "note": "one"}'),
        step(3, "no JSON", acts=False),
        step(4, '{"note": "two", "finished": 0}'),
    ]
    fold = HistoryFold(AnswersSoFar(), AnswersSoFar.then)
    made = fold.of(said)
    assert made.plan_lines() == ["[x] a", "[ ] b"]
    assert (made.notes, made.firsts) == (("one", "two"), (0, 2, 4))
    assert fold.of([*said, step(5, '{"plan": ["c"]}')]).plan_lines() == ["[ ] c"]
    many = fold.of([step(index, f'{{"note": "{index}"}}') for index in range(60)])
    assert many.notes == tuple(map(str, range(20, 60)))
