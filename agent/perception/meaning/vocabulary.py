"""Tables of words for elements: synonyms, names of roles, meanings of icons, colours, kinds of values."""

from __future__ import annotations

from typing import NamedTuple

from agent.perception.elements import Role


class Concept(NamedTuple):
    """Something asked for by what it does: patterns found in a request (`says`), words that may be written on it, and
    the edges of the screen where it usually is. What icons look like is in `agent.perception.icons`.
    """

    says: tuple[str, ...]
    texts: tuple[str, ...] = ()
    place: tuple[str, ...] = ()


CONCEPTS: tuple[Concept, ...] = (
    Concept(("go back", "back", "previous screen", "previous page", "navigate up", "return", "leave .* page",
        "返回", "后退"), ("back",), ("top", "left")),
    Concept(("forward", "前进"), ("forward",)),
    Concept(("next page", "next month", "next arrow", "go to next", "right arrow", "arrow to the right", "next",
        "下一页"), ("next",)),
    Concept(("previous month", "previous arrow", "left arrow", "previous", "上一页"), ("previous",)),
    Concept(("navigation menu", "nav menu", "navigation drawer", "side panel", "side menu", "side bar",
        "sidebar", "drawer", "hamburger", "main menu", "menu", "three lines", "three .* lines", "菜单"), ("menu",),
        ("top", "left")),
    Concept(("overflow", "more options", "three dots", "three .* dots", "more menu", "kebab", "options for",
        "more", "ellipsis", "更多"), ("more",)),
    Concept(("close", "dismiss", "the x", "x", "cross", "关闭"), ("close", "x")),
    Concept(("clear", "erase", "remove", "delete what", "empty the", "清除", "清空"), ("clear",)),
    Concept(("delete", "trash", "bin", "garbage", "remove", "删除"), ("delete", "remove")),
    Concept(("search", "magnifying glass", "magnifier", "find", "look for", "look up", "搜索", "查找"),
        ("search",)),
    Concept(("add", "plus", "new", "create", "plus sign", "添加", "新增", "加号"), ("add", "new")),
    Concept(("share", "分享"), ("share",)),
    Concept(("send", "发送"), ("send",)),
    Concept(("settings", "preferences", "gear", "cog", "options", "设置"), ("settings",)),
    Concept(("home", "house", "start page", "主页", "首页"), ("home",)),
    Concept(("account", "profile", "person", "user", "avatar", "我的", "用户"), ("account", "profile")),
    Concept(("bookmark", "favou?rites?", "star", "heart", "收藏"), ("bookmark",)),
    Concept(("shopping bag", "shopping cart", "cart", "basket", "bag", "购物车"), ("cart",)),
    Concept(("open tabs", "tabs i have open", "tab switcher", "switch tabs", "tabs"), ("tabs",)),
    Concept(("refresh", "reload", "update my", "synchronize", "sync", "刷新"), ("refresh",)),
    Concept(("random", "shuffle", "dice", "surprise"), ("shuffle",)),
    Concept(("cast", "my tv", "chromecast"), ("cast",)),
    Concept(("play", "start playing", "播放"), ("play",)),
    Concept(("pause", "暂停"), ("pause",)),
    Concept(("stop", "停止"), ("stop",)),
    Concept(("download", "下载"), ("download",)),
    Concept(("upload", "上传"), ("upload",)),
    Concept(("map layers", "layers"), ("layers",)),
    Concept(("show the password", "show password", "hide password", "reveal", "eye", "visibility",
        "crossed-out eye", "显示密码"), ("show",)),
    Concept(("edit", "pencil", "rename", "by hand", "compose", "write", "编辑"), ("edit",)),
    Concept(("translate", "language", "语言", "翻译"), ("language",)),
    Concept(("help", "question mark", "帮助"), ("help",)),
    Concept(("info", "information", "about"), ("info", "about")),
    Concept(("check mark", "tick", "done", "confirm", "save", "mark all", "完成", "确认"), ("done", "save")),
    Concept(("save", "floppy", "disk", "保存"), ("save",)),
    Concept(("filter", "funnel", "筛选"), ("filter",)),
    Concept(("sort", "排序"), ("sort",)),
    Concept(("notifications?", "bell", "通知"), ("notifications",)),
    Concept(("mail", "e-?mail", "inbox", "envelope", "邮件"), ("mail",)),
    Concept(("message", "chat", "comment", "speech bubble", "评论", "消息"), ("chat",)),
    Concept(("phone", "call", "telephone", "电话"), ("call",)),
    Concept(("clock", "time", "history", "alarm", "历史"), ("history",)),
    Concept(("github", "github .*logo", "cat logo", "octocat"), ("github",)),
    Concept(("google",), ("google", "g")),
    Concept(("facebook", "fb"), ("facebook", "f")),
    Concept(("twitter", "tweet"), ("twitter",)),
    Concept(("vk", "vk logo"), ("vk",)),
    Concept(("apple",), ("apple",)),
    Concept(("logo", "brand"), (), ("top", "left")),
    Concept(("qr code", "scan", "barcode", "扫码", "二维码"), ("scan",)),
    Concept(("copy", "duplicate", "复制"), ("copy",)),
    Concept(("undo", "撤销"), ("undo",)),
    Concept(("redo", "重做"), ("redo",)),
    Concept(("minimi[sz]e", "最小化"), (), ("top", "right")),
    Concept(("maximi[sz]e", "full ?screen", "最大化"), (), ("top", "right")),
    Concept(("zoom in",), ("+",)),
    Concept(("zoom out",), ("-",)),
    Concept(("print", "printer", "打印"), ("print",)),
    Concept(("switch the language", "language of the site", "切换语言"), ("en", "中文", "english")),
    Concept(("log ?out", "sign out", "exit", "退出"), ("log out", "exit")),
    Concept(("directions", "route", "navigate to"), ("directions",)),
)  # fmt: skip
"""Requests for icons that a text or a place on the screen may satisfy."""

SYNONYMS: tuple[tuple[str, ...], ...] = (
    ("sign up", "register", "registration", "create account", "create new account", "create an account",
        "new account", "create a new profile", "new user", "join", "注册"),
    ("log in", "login", "sign in", "signin", "already have", "登录", "登陆"),
    ("log out", "logout", "sign out", "退出登录"),
    ("forgot", "forgotten", "can't remember", "cannot remember", "don't remember", "lost", "recover", "reset",
        "get a new", "忘记"),
    ("password", "passcode", "passphrase", "pin", "密码"),
    ("decline", "disagree", "deny", "reject", "refuse", "no thanks", "do not allow", "don't allow", "拒绝"),
    ("accept", "agree", "allow", "consent", "yes", "同意"),
    ("continue", "proceed", "go on", "next", "carry on", "继续", "下一步"),
    ("later", "skip", "not now", "do this later", "without signing up", "maybe later", "remind me later",
        "跳过"),
    ("cancel", "abort", "取消"),
    ("dismiss", "close", "got it", "hide", "关闭"),
    ("leave", "exit", "quit", "退出"),
    ("ok", "okay", "confirm", "确定", "确认"),
    ("submit", "send", "提交", "发送"),
    ("help", "assistance", "support", "帮助"),
    ("settings", "preferences", "options", "configuration", "设置"),
    ("extra", "additional", "advanced", "more", "further"),
    ("learn more", "find out more", "read more", "more information", "details", "more info", "了解更多"),
    ("why", "reason", "why do i need", "find out why", "how come"),
    ("enable", "turn on", "activate", "switch on", "启用"),
    ("disable", "turn off", "deactivate", "switch off"),
    ("email", "e-mail", "mail", "e-mail address", "email address", "邮箱"),
    ("phone", "mobile", "telephone", "phone number", "mobile number", "手机号", "手机"),
    ("name", "full name", "username", "姓名", "名称"),
    ("birthday", "birth date", "date of birth", "birthdate", "生日"),
    ("movie", "movies", "film", "films", "cinema", "电影"),
    ("indian", "bollywood"),
    ("show", "shows", "series", "tv show", "tv shows", "episode", "节目"),
    ("picture", "photo", "image", "photograph", "图片"),
    ("light", "bright", "day"),
    ("dark", "night"),
    ("theme", "color scheme", "colour scheme", "appearance", "skin", "mode"),
    ("hide", "leave out", "exclude", "omit"),
    ("canceled", "cancelled", "stopped", "ended", "stopped publishing", "discontinued"),
    ("home", "where i live", "my house", "首页"),
    ("where to", "destination", "search for a destination"),
    ("search", "look for", "find", "搜索"),
    ("add", "put", "create", "new", "insert", "添加"),
    ("delete", "remove", "erase", "clear", "trash", "删除"),
    ("completed", "finished", "done", "complete", "完成"),
    ("edit", "change", "modify", "编辑"),
    ("choose", "select", "pick", "change", "switch"),
    ("update", "upgrade", "get the update", "download", "更新"),
    ("download", "get", "下载"),
    ("subscribe", "get notified", "follow", "notifications", "notify me", "订阅"),
    ("restore", "recover", "import", "get back", "already had", "恢复"),
    ("language", "locale", "语言"),
    ("summary", "synopsis", "summaries", "description", "overview"),
    ("keep", "store", "save", "保存"),
    ("privacy", "personal data", "data is handled", "隐私"),
    ("war", "conflict", "invasion"),
    ("months", "month", "quarter"),
    ("3 months", "90 days", "past quarter", "three months", "last quarter", "three months ago"),
    ("year", "12 months", "annual"),
    ("facebook", "fb"),
    ("president", "presidential"),
    ("people", "protesters", "crowd", "crowds"),
    ("pool", "swimming pool", "swim", "swimming"),
    ("account", "profile", "账户", "账号"),
    ("type", "kind", "sort", "category", "类型"),
    ("time", "time of day", "hour", "时间"),
    ("date", "day", "日期"),
    ("version", "release", "versions", "版本"),
    ("docs", "documentation", "manual", "文档"),
    ("editor", "vscode", "vs code"),
    ("browser", "web", "online"),
    ("mac", "macos", "apple"),
    ("scan", "scanning", "扫码"),
    ("qr code", "二维码", "扫码"),
    ("cart", "basket", "bag", "shopping bag", "购物车"),
    ("price", "cost", "costs"),
    ("country", "nation", "国家", "国家/地区"),
    ("location", "place", "whereabouts", "位置"),
    ("address", "url", "地址"),
    ("self-hosted", "own server", "self hosted"),
    ("wallet", "钱包"),
    ("feature", "function", "功能"),
    ("german", "deutsch"),
    ("italian", "italiano"),
    ("french", "français"),
    ("spanish", "español"),
    ("english", "英文"),
    ("russian", "русский"),
    ("portuguese", "português"),
    ("japanese", "日本語"),
    ("chinese", "中文"),
    ("korean", "한국어"),
    ("polish", "polski"),
    ("turkish", "türkçe"),
    ("dutch", "nederlands"),
    ("belarusian", "беларуская"),
    ("ukrainian", "українська"),
    ("arabic", "العربية"),
    ("swedish", "svenska"),
    ("finnish", "suomi"),
    ("czech", "čeština"),
    ("greek", "ελληνικά"),
)  # fmt: skip
"""Words and phrases that mean the same in requests and on screens."""

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
