# SPDX-License-Identifier: Apache-2.0
"""Samples to Markdown: medians, ratios to the floor and to the fastest peer, targets beside them."""
import statistics

FLOOR = "C floor (sign, no fsync)"
OURS = "install-cert (sign)"
WALL_TARGET = {"1": 1.4, "6": 1.3, "50": 1.3, "200": 1.15}
CPU_TARGET = {"50": 1.7}
PEAK_TARGET_MIB = 16
GROWTH_TARGET_KIB = 40
NOTHING_DUE_TARGET_MS = 10


def median(samples, key):
    return statistics.median(sample[key] for sample in samples)


def markdown(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def matrix(timed, key, scale=1.0, digits=1):
    sizes = list(next(iter(timed.values())))
    return markdown(["", *[f"N={n}" for n in sizes]],
                    [[name, *[f"{median(by_n[n], key) / scale:.{digits}f}" for n in sizes]]
                     for name, by_n in timed.items()])


def verdict(value, target):
    return f"{value:.2f} (target {target}, {'met' if value <= target else 'MISSED'})"


def ratio_rows(timed):
    ours, floor = timed[OURS], timed[FLOOR]
    others = {name: by_n for name, by_n in timed.items()
              if name != FLOOR and not name.startswith("install-cert")}
    for n in ours:
        wall = median(ours[n], "wall_ms")
        cpu = median(ours[n], "cpu_ms") / median(floor[n], "cpu_ms")
        best = min(others, key=lambda name: median(others[name][n], "wall_ms"))
        paired = statistics.median(a["wall_ms"] / b["wall_ms"] for a, b in zip(ours[n], floor[n]))
        wall_ratio = wall / median(floor[n], "wall_ms")
        yield [n,
               verdict(wall_ratio, WALL_TARGET[n]) if n in WALL_TARGET else f"{wall_ratio:.2f}",
               f"{paired:.2f}",
               verdict(cpu, CPU_TARGET[n]) if n in CPU_TARGET else f"{cpu:.2f}",
               f"{wall / median(others[best][n], 'wall_ms'):.2f} ({best})"]


def memory_line(timed):
    ours = timed[OURS]
    sizes = list(ours)
    peaks = {n: median(ours[n], "peak_kib") for n in sizes}
    text = "Peak RSS: " + ", ".join(
        f"N={n} {verdict(peaks[n] / 1024, PEAK_TARGET_MIB)} MiB" for n in sizes)
    if len(sizes) > 1:
        growth = (peaks[sizes[-1]] - peaks[sizes[0]]) / (int(sizes[-1]) - int(sizes[0]))
        text += f"; growth per certificate {verdict(growth, GROWTH_TARGET_KIB)} KiB"
    return text + ".\n"


def nothing_due(results):
    requests = {name: str(by_n["6"]["again"]) for name, by_n in results.get("counted", {}).items()
                if "again" in by_n.get("6", {})}
    rows = [[name, f"{median(samples, 'wall_ms'):.1f}", f"{median(samples, 'cpu_ms'):.1f}",
             requests.get(name, "?"), str(max(s["status"] for s in samples))]
            for name, samples in results["nothing_due"].items()]
    return markdown(["", "wall ms", "CPU ms", "requests", "exit"], rows)


def counted(results):
    rows = []
    for name, by_n in results["counted"].items():
        for n, counts in by_n.items():
            rows.append([name, n, str(counts["requests"]), str(counts["connections"]),
                         str(counts["handshakes"]), f"{counts['bytes'] / int(n):.0f}"])
    return markdown(["", "N", "requests", "connections", "handshakes", "bytes/certificate"], rows)


def server_cost(costs):
    return markdown(["request", "wall ms", "server CPU ms"],
                    [[name, f"{cost['wall_ms']:.1f}", f"{cost['cpu_ms']:.1f}"]
                     for name, cost in costs.items()])


def once(results):
    timed = results["timed"]
    parts = [f"Medians of {results['rounds']} interleaved rounds.\n",
             "Wall time, ms\n", matrix(timed, "wall_ms"),
             "CPU time (user + system, whole process tree), ms\n", matrix(timed, "cpu_ms"),
             "Peak RSS of the largest process, MiB\n", matrix(timed, "peak_kib", 1024)]
    if OURS in timed:
        parts += ["Ratios of " + OURS + "\n",
                  markdown(["N", "wall / floor", "paired", "CPU / floor",
                            "wall / fastest peer"], ratio_rows(timed)),
                  memory_line(timed)]
    parts += [f"Nothing due (six certificates, second run; target {NOTHING_DUE_TARGET_MS} ms)\n",
              nothing_due(results)]
    if "counted" in results:
        parts += ["Traffic\n", counted(results)]
    if "server_cost" in results:
        parts += ["Cost of a request to the server\n", server_cost(results["server_cost"])]
    return "\n".join(parts)


def middle(samples, key):
    values = [sample[key] for sample in samples]
    return "never" if None in values else f"{statistics.median(values):.1f}"


def idle(rows):
    return markdown(
        ["asleep with six certificates", "PSS MiB", "private MiB", "RSS MiB", "processes",
         "threads", "wake-ups/min", "context switches/min"],
        [[name, *[f"{row[key] / 1024:.2f}" for key in ("pss", "private", "rss")],
          str(row["processes"]), str(row["threads"]), f"{row['wakeups']:.0f}",
          f"{row['switches']:.0f}"] for name, row in rows.items()])


def start_up(rows):
    return markdown(
        ["start, one certificate, ms", "`once`", "READY", "files there",
         "READY, valid files, Vault away"],
        [[name, middle(row["once"], "wall_ms"), middle(row["fresh"], "ready_ms"),
          middle(row["fresh"], "installed_ms"), middle(row["away"], "ready_ms")]
         for name, row in rows.items()])


def readers(rows):
    keys = ["reads", "renewals", "torn", "missing", "mismatched", "windows", "window_median_ms",
            "window_max_ms"]
    return markdown(["what a reader sees", "opens", *[key.replace("_", " ") for key in keys]],
                    [[name, {"paths": "certificate, then key", "directory": "the directory"}[way],
                      *[str(seen[key]) for key in keys]]
                     for name, row in rows.items() for way, seen in row.items()])


def daemon(results):
    sections = {"idle": idle, "start": start_up, "readers": readers}
    return "\n".join(render(results[name]) for name, render in sections.items()
                     if name in results)
