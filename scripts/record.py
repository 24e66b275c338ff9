#!/usr/bin/env python3
"""Records the real program in tmux by a script of keys and writes an animated SVG.

    cargo build --release && scripts/record.py scripts/demo.keys docs/demo.svg

Needs python3 and tmux, nothing else. A line of the script is one of
    key NAME...      press keys, as tmux names them (Enter, Escape, Down, C-p, a)
    type TEXT        type a text, letter by letter
    wait SECONDS     let the program go on, and keep looking
    until TEXT       wait until TEXT stands on the screen (60 s at most)
    # anything       a comment
The picture stores each distinct row once; a frame is a list of rows, and CSS moves from frame to frame.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
import time
import unicodedata

COLUMNS, ROWS = 110, 34
CELL_W, CELL_H, FONT = 8.4, 17.0, 14
LOOK_EVERY = 0.08
LONGEST_STILL = 2.5
BACKGROUND, FOREGROUND = "#16181d", "#d7dae0"
SIXTEEN = [
    "#2b2f38", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
    "#737b8c", "#f28b93", "#b5e08f", "#ffd88a", "#8cc8ff", "#dd9bf0", "#7fd6e0", "#ffffff",
]


def colour(index):
    if index < 16:
        return SIXTEEN[index]
    if index >= 232:
        level = 8 + 10 * (index - 232)
        return f"#{level:02x}{level:02x}{level:02x}"
    index -= 16
    part = lambda value: 0 if value == 0 else 55 + 40 * value
    return f"#{part(index // 36):02x}{part(index // 6 % 6):02x}{part(index % 6):02x}"


class Style:
    __slots__ = ("fg", "bg", "bold", "dim", "italic", "underline", "reverse", "strike")

    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.italic = self.underline = self.reverse = self.strike = False

    def apply(self, codes):
        codes = [int(code) if code else 0 for code in codes]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 3, 4, 7, 9):
                setattr(self, {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (23, 24, 27, 29):
                setattr(self, {23: "italic", 24: "underline", 27: "reverse", 29: "strike"}[code], False)
            elif code in (38, 48):
                name = "fg" if code == 38 else "bg"
                if codes[:1] == [5] and len(codes) >= 2:
                    setattr(self, name, colour(codes[1]))
                    codes = codes[2:]
                elif codes[:1] == [2] and len(codes) >= 4:
                    setattr(self, name, "#%02x%02x%02x" % tuple(codes[1:4]))
                    codes = codes[4:]
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None
            elif 30 <= code <= 37:
                self.fg = colour(code - 30)
            elif 90 <= code <= 97:
                self.fg = colour(code - 82)
            elif 40 <= code <= 47:
                self.bg = colour(code - 40)
            elif 100 <= code <= 107:
                self.bg = colour(code - 92)

    def key(self):
        fg, bg = self.fg or FOREGROUND, self.bg or BACKGROUND
        if self.reverse:
            fg, bg = bg, fg
        return (fg, bg, self.bold, self.dim, self.italic, self.underline, self.strike)


def width(char):
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def cells(line, style):
    """(column, text, style key, width) for each cell of a captured line. tmux sets only what changes, from one
    line to the next too, so the style goes on."""
    column, out = 0, []
    for piece in re.split(r"(\x1b\[[0-9;:]*m|\x1b[^\[]\S|\x0e|\x0f)", line):
        match = re.fullmatch(r"\x1b\[([0-9;:]*)m", piece)
        if match:
            style.apply(match.group(1).replace(":", ";").split(";"))
            continue
        if piece.startswith(("\x1b", "\x0e", "\x0f")):
            continue
        for char in piece:
            wide = width(char)
            if wide == 0 and out:
                out[-1] = (out[-1][0], out[-1][1] + char, out[-1][2], out[-1][3])
                continue
            out.append((column, char, style.key(), wide))
            column += wide
    return out


# Directions that a line of box drawing runs in: up, right, down, left.
BOX = {
    "─": "rl", "│": "ud", "┌": "rd", "┐": "ld", "└": "ur", "┘": "ul", "├": "urd", "┤": "uld", "┬": "rld",
    "┴": "url", "┼": "urdl", "╭": "rd", "╮": "ld", "╰": "ur", "╯": "ul", "━": "rl", "┃": "ud", "╴": "l",
    "╶": "r", "╵": "u", "╷": "d", "═": "rl", "║": "ud", "╌": "rl", "┄": "rl", "╎": "ud", "┆": "ud",
}


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".")


def draw_shape(char, x):
    """SVG path data for characters whose fit between cells matters; None for the others."""
    point = ord(char)
    middle_x, middle_y, right = x + CELL_W / 2, CELL_H / 2, x + CELL_W
    if char in BOX:
        ends = {"u": (middle_x, 0), "d": (middle_x, CELL_H), "l": (x, middle_y), "r": (right, middle_y)}
        return "stroke", "".join(
            f"M{number(middle_x)} {number(middle_y)}L{number(a)} {number(b)}" for a, b in (ends[d] for d in BOX[char])
        )
    rect = lambda a, b, c, d: f"M{number(a)} {number(b)}H{number(c)}V{number(d)}H{number(a)}z"
    if 0x2581 <= point <= 0x2588:
        return "fill", rect(x, CELL_H * (1 - (point - 0x2580) / 8), right, CELL_H)
    if 0x2589 <= point <= 0x258F:
        return "fill", rect(x, 0, x + CELL_W * (8 - (point - 0x2588)) / 8, CELL_H)
    if char == "▀":
        return "fill", rect(x, 0, right, CELL_H / 2)
    if char == "▐":
        return "fill", rect(middle_x, 0, right, CELL_H)
    if 0x2800 <= point <= 0x28FF:
        dots = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        path = ""
        for bit, (dx, dy) in enumerate(dots):
            if (point - 0x2800) >> bit & 1:
                a, b = x + CELL_W * (0.16 + 0.45 * dx), CELL_H * (0.06 + 0.24 * dy)
                path += rect(a, b, a + 2.1, b + 2.1)
        return "fill", path
    return None


def draw_row(line, current):
    """One row as SVG, its top at y = 0."""
    out, runs, shapes = [], [], {}
    for column, text, style, wide in cells(line, current):
        fg, bg = style[0], style[1]
        if bg != BACKGROUND:
            if out and out[-1][0] == bg and out[-1][2] == column:
                out[-1][2] = column + wide
            else:
                out.append([bg, column, column + wide])
        shape = draw_shape(text[0], column * CELL_W) if len(text) == 1 else None
        if shape:
            shapes.setdefault((shape[0], fg, style[3]), []).append(shape[1])
        elif text.strip():
            same = runs and runs[-1]["style"] == style and runs[-1]["wide"] == wide
            gap = column - runs[-1]["end"] if same else None
            if same and gap == 0 and wide == 1:
                runs[-1]["text"] += text
                runs[-1]["end"] = column + wide
            elif same and gap is not None and 0 < gap <= 2 and wide == 1:
                runs[-1]["text"] += " " * gap + text
                runs[-1]["end"] = column + wide
            else:
                runs.append({"style": style, "start": column, "end": column + wide, "text": text, "wide": wide})
    svg = "".join(
        f'<path fill="{bg}" d="M{number(a * CELL_W)} 0H{number(b * CELL_W)}V{number(CELL_H)}H{number(a * CELL_W)}z"/>'
        for bg, a, b in out
    )
    for (how, fg, dim), paths in shapes.items():
        paint = f'fill="{fg}"' if how == "fill" else f'stroke="{fg}"'
        faint = ' opacity=".6"' if dim else ""
        svg += f'<path {paint}{faint} d="{"".join(paths)}"/>'
    for run in runs:
        fg, _, bold, dim, italic, underline, strike = run["style"]
        attributes = f'x="{number(run["start"] * CELL_W)}" y="{number(CELL_H * 0.76)}"'
        if fg != FOREGROUND:
            attributes += f' fill="{fg}"'
        length = (run["end"] - run["start"]) * CELL_W
        attributes += f' textLength="{number(length)}"'
        for on, name in ((bold, "b"), (italic, "i"), (underline, "u"), (strike, "s"), (dim, "d")):
            if on:
                attributes += {"b": ' font-weight="700"', "i": ' font-style="italic"', "u": ' text-decoration="underline"',
                               "s": ' text-decoration="line-through"', "d": ' opacity=".6"'}[name]
        svg += f"<text {attributes}>{html.escape(run['text'], quote=False)}</text>"
    return svg


class Recording:
    def __init__(self, command):
        self.socket = f"perennial-record-{os.getpid()}"
        self.home = tempfile.TemporaryDirectory()
        self.started = time.monotonic()
        self.frames = []
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PERENNIAL_", "TMUX"))}
        # A home of its own, so that the picture shows what a new user sees; but the model is not fetched again.
        environment.setdefault("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
        environment.update(HOME=self.home.name, TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
        configuration = os.path.join(self.home.name, "tmux.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write("set -g status off\nset -g default-terminal tmux-256color\nset -s escape-time 0\n"
                       "set -as terminal-features ',*:RGB'\n")
        subprocess.run(
            ["tmux", "-u", "-L", self.socket, "-f", configuration, "new-session", "-d", "-x", str(COLUMNS), "-y",
             str(ROWS), command], check=True, env=environment)

    def tmux(self, *arguments):
        done = subprocess.run(["tmux", "-L", self.socket, *arguments], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def look(self):
        screen = self.tmux("capture-pane", "-p", "-e", "-N")
        if screen is None:
            return False
        lines = tuple(screen.split("\n")[:ROWS])
        if not self.frames or self.frames[-1][1] != lines:
            self.frames.append((time.monotonic() - self.started, lines))
        return True

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.look():
            time.sleep(LOOK_EVERY)

    def until(self, text):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            self.look()
            plain = re.sub(r"\x1b\[[0-9;:]*m", "", "\n".join(self.frames[-1][1])) if self.frames else ""
            if text in plain:
                return
            time.sleep(LOOK_EVERY)
        sys.exit(f"`{text}` did not appear within a minute; the screen was:\n{plain}")

    def play(self, script):
        for line in script.splitlines():
            verb, _, rest = line.strip().partition(" ")
            if verb in ("", "#") or verb.startswith("#"):
                continue
            print(f"{time.monotonic() - self.started:6.1f} s  {line.strip()}", file=sys.stderr)
            if verb == "key":
                for key in rest.split():
                    self.tmux("send-keys", key)
                    self.wait(0.25)
            elif verb == "type":
                for char in rest:
                    self.tmux("send-keys", "-l", char)
                    self.wait(0.07)
            elif verb == "wait":
                self.wait(float(rest))
            elif verb == "until":
                self.until(rest)
            else:
                sys.exit(f"`{line}`: a line begins with key, type, wait or until")
        self.look()

    def close(self):
        self.tmux("kill-server")
        self.home.cleanup()


def animate(frames, end):
    """The frames as one SVG. A still that lasts long is shortened: nobody reads a picture that stands."""
    starts, now = [], 0.0
    for index, (at, _) in enumerate(frames):
        starts.append(now)
        after = frames[index + 1][0] if index + 1 < len(frames) else end
        now += min(after - at, LONGEST_STILL)
    total = now
    rows, defs, body = {}, [], []
    for index, (_, lines) in enumerate(frames):
        uses, style = "", Style()
        for row, line in enumerate(lines):
            drawn = draw_row(line, style)
            if not drawn:
                continue
            if drawn not in rows:
                rows[drawn] = f"r{len(rows)}"
                defs.append(f'<g id="{rows[drawn]}">{drawn}</g>')
            uses += f'<use href="#{rows[drawn]}" y="{number(row * CELL_H)}"/>'
        body.append(f'<g transform="translate({number(index * COLUMNS * CELL_W)})">{uses}</g>')
    steps = "".join(
        f"{start / total * 100:.3f}%{{transform:translateX({number(-index * COLUMNS * CELL_W)}px)}}"
        for index, start in enumerate(starts)
    )
    wide, high, margin = COLUMNS * CELL_W, ROWS * CELL_H, 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {number(wide + 2 * margin)} {number(high + 2 * margin)}" '
        f'width="{number(wide + 2 * margin)}" role="img" aria-label="The dashboard at work">'
        "<style>text{white-space:pre;font:" + f"{FONT}px " +
        "'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono','Noto Sans Mono CJK SC',monospace}"
        f"path{{stroke-width:1}}@keyframes play{{{steps}}}"
        f".film{{animation:play {total:.2f}s steps(1,end) infinite}}</style>"
        f"<defs>{''.join(defs)}</defs>"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
        f'<svg x="{margin}" y="{margin}" width="{number(wide)}" height="{number(high)}">'
        f'<g class="film" fill="{FOREGROUND}">{"".join(body)}</g></svg></svg>\n'
    )


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        script = file.read()
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    command = sys.argv[3] if len(sys.argv) > 3 else os.path.join(root, "target", "release", "perennial")
    recording = Recording(command)
    try:
        recording.play(script)
        end = time.monotonic() - recording.started
    finally:
        recording.close()
    # The empty screen before the first draw is no part of the program.
    frames = [frame for frame in recording.frames if any(line.strip() for line in frame[1])]
    if not frames:
        sys.exit("nothing was drawn: does the program start?")
    picture = animate(frames, end)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(picture)
    print(f"{sys.argv[2]}: {len(frames)} frames, {len(picture) / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
