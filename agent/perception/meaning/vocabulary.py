"""Tables of words for elements: names of roles, colours, verbs, kinds of values, brands.

What other words mean is learned: `agent.perception.meaning.encoder`.
"""

from __future__ import annotations

from agent.perception.elements import Role

ROLE_WORDS: dict[str, tuple[Role, ...]] = {
    "check box": ("checkbox",), "checkbox": ("checkbox",), "tick box": ("checkbox",), "复选框": ("checkbox",),
    "勾选框": ("checkbox",), "radio button": ("radio",), "option button": ("radio",), "单选框": ("radio",),
    "单选按钮": ("radio",), "toggle switch": ("switch",), "switch": ("switch",), "toggle": ("switch", "checkbox"),
    "开关": ("switch",), "text field": ("field",), "input field": ("field",), "search field": ("field",),
    "text box": ("field",), "textbox": ("field",), "search box": ("field",), "input box": ("field",),
    "text area": ("field",), "textarea": ("field",), "entry field": ("field",), "field": ("field", "select"),
    "input": ("field",), "entry": ("field",), "box": ("field", "checkbox"), "address bar": ("field",),
    "search bar": ("field",), "输入框": ("field",), "搜索框": ("field",), "文本框": ("field",),
    "drop-down list": ("select", "field"), "drop-down menu": ("select", "field"),
    "dropdown menu": ("select", "field"), "dropdown": ("select", "field"), "drop-down": ("select", "field"),
    "drop down": ("select", "field"), "combo box": ("select", "field"), "combobox": ("select", "field"),
    "selector": ("select", "field"), "下拉框": ("select", "field"), "选择框": ("select", "field"),
    "slider": ("slider",), "滑块": ("slider",), "menu item": ("menuitem",), "menu entry": ("menuitem",),
    "菜单项": ("menuitem",), "menu": ("menu", "icon", "button"), "tab": ("tab", "text", "button"),
    "标签页": ("tab", "text"), "标签": ("tab", "text"), "link": ("link", "text"), "链接": ("link", "text"),
    "radio-button": ("radio",), "button": ("button", "icon", "image"), "按钮": ("button", "icon", "image"),
    "btn": ("button", "icon"), "key": ("button",), "icon": ("icon", "button", "image"),
    "图标": ("icon", "button", "image"), "symbol": ("icon", "button"), "sign": ("icon", "button"),
    "logo": ("icon", "image", "button"), "arrow": ("icon", "button"), "glyph": ("icon",),
    "picture": ("image", "icon"), "image": ("image", "icon"), "thumbnail": ("image",), "photo": ("image", "icon"),
    "图片": ("image", "icon"), "circle": ("radio", "checkbox", "icon"), "eye": ("icon", "button"),
    "eye icon": ("icon", "button"),
}  # fmt: skip
"""Names of roles, and the roles on the screen that each may mean, best first."""

GENERIC_TEXT = frozenset([
    "title", "item", "row", "entry", "result", "suggestion", "link", "word", "text", "line", "headline", "story",
    "article", "topic", "track", "song", "tag", "heading", "caption",
])  # fmt: skip
"""Nouns for a piece of text that is not quoted ("the third title")."""

COLOURS: dict[str, tuple[int, int]] = {
    "red": (0, 14), "orange": (14, 40), "yellow": (40, 68), "green": (75, 165), "cyan": (165, 200),
    "blue": (200, 255), "purple": (255, 300), "violet": (255, 300), "pink": (300, 361), "红色": (0, 14),
    "黄色": (40, 68), "绿色": (75, 165), "蓝色": (200, 255),
}  # fmt: skip
"""Hue ranges in degrees."""

DEEDS = frozenset([
    "delete", "remove", "clear", "erase", "close", "dismiss", "hide", "show", "reveal", "share", "edit", "rename",
    "play", "pause", "mute", "refresh", "reload", "copy", "download", "upload", "save", "star", "bookmark", "like",
    "reply", "forward", "expand", "collapse", "open", "cast", "attach", "print", "undo", "redo",
])  # fmt: skip
"""Verbs that are drawn as icons beside their object."""

_COUNTRIES = (
    "united states|usa|united kingdom|great britain|germany|france|spain|italy|portugal|netherlands|"
    "belgium|austria|switzerland|sweden|norway|denmark|finland|"
    "poland|russia|ukraine|turkey|greece|ireland|israel|india|china|japan|south korea|korea|taiwan|"
    "hong kong|singapore|indonesia|vietnam|thailand|philippines|"
    "malaysia|australia|new zealand|canada|mexico|brazil|argentina|chile|colombia|peru|egypt|nigeria|"
    "kenya|south africa|saudi arabia|pakistan|bangladesh|中国|日本"
)
_LANGUAGES = (
    "english|deutsch|german|français|french|español|spanish|italiano|italian|português|portuguese|"
    "русский|russian|中文|简体中文|繁體中文|chinese|日本語|japanese|"
    "한국어|korean|nederlands|dutch|polski|polish|türkçe|turkish|svenska|swedish|العربية|arabic|हिन्दी|"
    "hindi|українська|čeština|en|de|fr|es"
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"

_DIRECTIONS = (
    ("left", "right"), ("up", "down"), ("in", "out"), ("on", "off"), ("top", "bottom"), ("first", "last"),
    ("next", "previous"), ("forward", "back"), ("before", "after"), ("above", "below"), ("more", "less"),
    ("increase", "decrease"), ("horizontal", "vertical"), ("horizontally", "vertically"),
)  # fmt: skip
OPPOSITES = dict(_DIRECTIONS) | {other: one for one, other in _DIRECTIONS}
"""Directions and their opposites: a name with one is never what a request with the other means."""

KINDS: dict[str, str] = {
    "country": rf"(?:{_COUNTRIES})(?: \([+\d]+\))?",
    "nation": rf"(?:{_COUNTRIES})",
    "language": rf"(?:{_LANGUAGES})(?: \(.*\))?",
    "date": r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|[md]{1,2}[/.-][md]{1,2}[/.-]y+"
    rf"|(?:{_MONTHS})\w* \d{{1,2}},? \d{{4}}|\d{{1,2}}\.? (?:{_MONTHS})\w*,? \d{{4}}",
    "time": r"\d{1,2}:\d{2}(?: ?[ap]\.?m\.?)?",
    "email": r"[\w.+-]+@[\w-]+\.[\w.]+",
    "mail": r"[\w.+-]+@[\w-]+\.[\w.]+",
    "version": r"v?\d+\.\d+(?:\.\d+)*(?: ?[v▾˅∨])?",
}
"""Patterns of values by their kind."""

BRANDS = frozenset([
    "google", "facebook", "twitter", "github", "apple", "instagram", "youtube", "linkedin", "whatsapp", "telegram",
    "vk", "wechat", "qq", "weibo", "android", "windows", "chrome", "firefox", "discord", "tiktok", "pinterest",
    "reddit", "slack", "spotify",
])  # fmt: skip
"""Brand names, which identify an icon whatever else is said."""
