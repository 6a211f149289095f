"""FilterLogEvents with CloudWatch Logs' filter patterns for plain text and for JSON.

ministack takes every JSON pattern for one that matches all, and `?` for a placeholder. Patterns of fields between
spaces, as in `[ip, user]`, are not known here either, and are refused.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import fnmatch
import functools
import json
import re

from ministack.core.responses import error_response_json
from ministack.services import cloudwatch_logs

_TERM = re.compile(r'([?-]?)(?:"((?:[^"\\]|\\.)*)"|%((?:[^%\\]|\\.)*)%|(\S+))')

_TOKEN = re.compile(r'\s*(\(|\)|&&|\|\||!=|<=|>=|=|<|>|"(?:[^"\\]|\\.)*"|%(?:[^%\\]|\\.)*%|[^\s()=!<>&|"%]+)')

_COMPARISONS = {
    "<": lambda value, wanted: value < wanted,
    ">": lambda value, wanted: value > wanted,
    "<=": lambda value, wanted: value <= wanted,
    ">=": lambda value, wanted: value >= wanted,
}


def install():
    """Replaces what ministack makes of a pattern."""
    cloudwatch_logs._compile_filter_pattern  # An AttributeError here says that another version is installed.
    cloudwatch_logs._compile_filter_pattern = matcher
    handler = functools.partial(_filter_log_events, cloudwatch_logs._filter_log_events)
    cloudwatch_logs._filter_log_events = handler


def _filter_log_events(original, data):
    pattern = data.get("filterPattern", "")
    try:
        matcher(pattern)
    except (IndexError, KeyError, ValueError, re.error):
        return error_response_json("InvalidParameterException", f"Invalid filter pattern: {pattern}", 400)
    return original(data)


def matcher(pattern):
    """A function that says of a message whether the pattern matches it. Fails for a pattern that is none."""
    pattern = (pattern or "").strip()
    if pattern.startswith("["):
        raise ValueError("patterns of fields between spaces are not known here")
    if not pattern.startswith("{"):
        return _text_matcher(pattern)
    json_pattern = _Json(pattern[1:].rstrip().removesuffix("}"))
    condition = json_pattern.condition()
    if json_pattern.tokens:
        raise ValueError(f"{json_pattern.tokens[0]} follows a condition")

    def matches(message):
        try:
            return condition(json.loads(message))
        except ValueError:
            return False

    return matches


def _text_matcher(pattern):
    wanted, either, unwanted = [], [], []
    for mark, quoted, regex, word in _TERM.findall(pattern):
        kind = {"": wanted, "?": either, "-": unwanted}[mark]
        if regex:
            kind.append(re.compile(regex).search)
        else:
            text = quoted.replace('\\"', '"') or word
            kind.append(lambda message, text=text: text in message)

    def matches(message):
        if any(term(message) for term in unwanted):
            return False
        if wanted:
            # "If you combine ? with other terms, ? is ignored", says the page.
            return all(term(message) for term in wanted)
        return not either or any(term(message) for term in either)

    return matches


class _Json:
    """Reads what stands between the braces of a JSON pattern: conditions with && and ||, && first."""

    def __init__(self, text):
        self.tokens = _TOKEN.findall(text)

    def condition(self):
        alternatives = [self._all()]
        while self._take("||"):
            alternatives.append(self._all())
        return lambda event: any(alternative(event) for alternative in alternatives)

    def _all(self):
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return lambda event: all(part(event) for part in parts)

    def _one(self):
        if self._take("("):
            inner = self.condition()
            self._take(")")
            return inner
        selector = self.tokens.pop(0)
        words = [self.tokens.pop(0)]
        if words[0].upper() in ("IS", "NOT"):
            words.append(self.tokens.pop(0))
            return _about_presence(selector, " ".join(words).upper())
        return _comparison(selector, words[0], self.tokens.pop(0))

    def _take(self, token):
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False


_MISSING = object()


def _value(event, selector):
    for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", selector.removeprefix("$")):
        try:
            event = event[int(index)] if index else event[name]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return event


def _about_presence(selector, words):
    if words == "NOT EXISTS":
        return lambda event: _value(event, selector) is _MISSING
    expected = {"IS NULL": None, "IS TRUE": True, "IS FALSE": False}[words]
    return lambda event: _value(event, selector) is expected


def _comparison(selector, operator, wanted):
    if operator in _COMPARISONS:
        compare, number = _COMPARISONS[operator], float(wanted)
        return lambda event: _is_number(_value(event, selector)) and compare(_value(event, selector), number)
    equals = _equality(wanted)

    def holds(event):
        value = _value(event, selector)
        # An event without the field matches neither = nor !=.
        if value is _MISSING or isinstance(value, (dict, list)):
            return False
        return equals(value) == (operator == "=")

    return holds


def _equality(wanted):
    if wanted.startswith("%"):
        regex = re.compile(wanted[1:-1])
        return lambda value: isinstance(value, str) and bool(regex.search(value))
    text = wanted[1:-1].replace('\\"', '"') if wanted.startswith('"') else wanted
    # Of the characters that fnmatch knows, patterns have the asterisk only.
    glob = re.compile(fnmatch.translate(re.sub(r"([\[?])", r"[\1]", text)))

    def equals(value):
        if _is_number(value):
            try:
                return value == float(text)
            except ValueError:
                return False
        return isinstance(value, str) and bool(glob.match(value))

    return equals


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
