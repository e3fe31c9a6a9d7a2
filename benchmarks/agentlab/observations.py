"""A screen as BrowserGym's observation: its picture, the goal, and the listed elements as an accessibility tree."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from agent.perception.listing.rows import ElementList, Row
from envs.env import Image

ACTION_LANGUAGE = "action_language"
"""The key that says that the environment takes the JSON of our actions beside BrowserGym's functions."""


def browsergym_observation(
    image: Image, instruction: str, listed: ElementList | None, last_action: str, error: str, began: float
) -> dict[str, Any]:
    """The keys of BrowserGym's observation. There is no page: no addresses, no tabs, an empty DOM.

    `image` is RGB uint8 HxWx3; boxes of the elements are pixels of it. `began` is `time.time()` of the reset.
    """
    return {
        "goal": instruction,
        "goal_object": ({"type": "text", "text": instruction},),
        "chat_messages": ({"role": "user", "timestamp": began, "message": instruction},),
        "screenshot": image.copy(),
        "axtree_object": accessibility_tree(listed),
        "dom_object": EMPTY_DOM,
        "extra_element_properties": element_properties(listed),
        "focused_element_bid": "",
        "url": "",
        "open_pages_urls": ("",),
        "open_pages_titles": ("",),
        "active_page_index": np.asarray([0]),
        "last_action": last_action,
        "last_action_error": error,
        "elapsed_time": np.asarray([time.time() - began]),
        ACTION_LANGUAGE: "handeye",
    }


EMPTY_DOM: dict[str, Any] = {
    "strings": ["html"],
    "documents": [
        {
            "nodes": {
                "parentIndex": [-1],
                "nodeType": [1],
                "nodeName": [0],
                "nodeValue": [-1],
                "attributes": [[]],
                "contentDocumentIndex": {"index": [], "value": []},
            }
        }
    ],
}
"""A DOM snapshot (Chrome DevTools) of one empty element."""


def accessibility_tree(listed: ElementList | None) -> dict[str, Any]:
    """The elements as nodes (Chrome DevTools), below one root; `browsergym_id` is the number."""
    rows = () if listed is None else listed.rows
    ids = [str(index + 1) for index in range(len(rows))]
    name = "" if listed is None else listed.app
    root = {"nodeId": "0", "role": {"value": "RootWebArea"}, "name": {"value": name}, "childIds": ids}
    return {"nodes": [root, *map(_node, ids, rows)]}


def _node(node_id: str, row: Row) -> dict[str, Any]:
    node: dict[str, Any] = {"nodeId": node_id, "role": {"value": row.role}, "name": {"value": row.name}, "childIds": []}
    if row.value:
        node["value"] = {"value": row.value}
    if row.number:
        node["browsergym_id"] = str(row.number)
    node["properties"] = [{"name": state, "value": {"value": True}} for state in row.state]
    return node


def element_properties(listed: ElementList | None) -> dict[str, Any]:
    """Place (x, y, width, height), visibility and whether it can be clicked, by number."""
    return {
        str(row.number): {
            "visibility": 1.0,
            "bbox": [row.box.x1, row.box.y1, row.box.width, row.box.height],
            "clickable": row.acts,
            "set_of_marks": row.acts,
        }
        for row in (() if listed is None else listed.rows)
        if row.number
    }
