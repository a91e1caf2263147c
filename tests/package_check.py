#!/usr/bin/python3
"""Packages projects and asks real QGIS whether each package says the same as its project.

usage: package_check.py PACKAGER --oracle VERIFY [--folder FOLDER]... [--only NAME]... [--allow CODE]... [--no-made] [--no-postgres] [--no-web] [--limit SECONDS] [--keep DIR] [--json FILE] [-v]

PACKAGER is fieldpost, or any program that is called as "PACKAGER PROJECT OUTDIR" when its name ends in .py. VERIFY is the program that compares a project with
its package: it prints one JSON object and exits with 0 when they are equivalent. Without --folder: the projects of package_projects.py, of package_web.py and, where PostgreSQL is
installed, of package_postgres.py. With it also every project (*.qgs, *.qgz) below FOLDER; --no-made: only those. --only: projects with it in their names. -v shows notes as well.
A project that QGIS cannot read either may be refused: in one line, and with nothing left in OUTDIR. Neither may take longer than --limit (900 s).
The last lines are the counts; exit 1 when a project could not be packaged or differs. Not part of "make check": needs python3-qgis and python3-gdal."""
import collections, glob, json, os, shutil, signal, subprocess, sys, tempfile, time

ALLOWED = {"06_long_numbers": "layer.values", "08_filters_elsewhere": "layer.subset", "20_postgres_filters": "layer.subset"}  # why: doc/deviations.md, "that package_check.py allows"
LIMIT = 900  # seconds for one package, and for one comparison: QGIS takes a second to open one of 500 tables
READS = """import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsProject
app = QgsApplication([], False)
app.initQgis()
read = QgsProject.instance().read(sys.argv[1])
os._exit(0 if read else 3)"""


def run(command, limit, env):
    """(exit code, or None when it took too long; stdout; stderr); whatever COMMAND started ends with it."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace", env=env, start_new_session=True)
    try:
        out, errors = child.communicate(timeout=limit)
        return child.returncode, out, errors
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        return None, "", f"no end after {limit} s"


def package(packager, project, out, env, limit, root=None, more=()):
    """(files and layers as reported, or in "refused" why there are none; what went wrong; seconds; peak memory in MB)"""
    command = ["/usr/bin/python3", packager, project, out] if packager.endswith(".py") else [packager, "package", project, out, "--json", *more] + (["--root", root] if root else [])
    started = time.monotonic()
    with tempfile.TemporaryFile() as o, tempfile.TemporaryFile() as e:
        child = subprocess.Popen(command, stdout=o, stderr=e, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - started > limit:
                os.killpg(child.pid, signal.SIGKILL)
                os.wait4(child.pid, 0)
                return None, f"no end after {limit} s", limit, 0
            time.sleep(0.005)
        seconds = time.monotonic() - started
        o.seek(0)
        e.seek(0)
        text, errors = o.read().decode(errors="replace"), e.read().decode(errors="replace").strip()
    code = os.waitstatus_to_exitcode(status)
    try:
        report = json.loads(text)
    except ValueError:
        report = {} if packager.endswith(".py") else None
    wrong = None if code == 0 else f"exit {code}: {errors[-600:] or text[-300:]}"
    if code == 3 and not text and errors.startswith("fieldpost: ") and not os.path.exists(out):
        report = {"refused": errors}
    if wrong is None and report is None:
        wrong = f"no JSON: {text[:200]}"
    return report, wrong, seconds, usage.ru_maxrss / 1024


def outside(project):
    """Whether the project's sources lie above its folder: the comparison must then leave it where it is."""
    if project.endswith(".qgz"):
        return False
    with open(project, encoding="utf8", errors="replace") as f:
        return "<datasource>../" in f.read()


def short(d):
    return "; ".join(f"{k} {json.dumps(v, ensure_ascii=False)[:260]}" for k, v in d.items() if k not in ("code", "severity", "layer"))


def main():
    opt = collections.defaultdict(list)
    rest, it = [], iter(sys.argv[1:])
    for a in it:
        if a in ("--no-made", "--no-postgres", "--no-web", "-v"):
            opt[a] = True
        elif a in ("--oracle", "--folder", "--only", "--allow", "--limit", "--keep", "--json"):
            opt[a].append(next(it))
        else:
            rest.append(a)
    if len(rest) != 1 or not opt["--oracle"]:
        sys.exit(__doc__)
    packager, oracle = os.path.abspath(rest[0]) if os.sep in rest[0] else rest[0], os.path.abspath(opt["--oracle"][0])
    work = os.path.abspath(opt["--keep"][0]) if opt["--keep"] else tempfile.mkdtemp(prefix="fp-package-")
    os.makedirs(work, exist_ok=True)
    folders, limit = [os.path.abspath(f) for f in opt["--folder"]], int((opt["--limit"] or [LIMIT])[0])
    env, server, web, projects = dict(os.environ), None, None, {}
    here = os.path.dirname(os.path.abspath(__file__))
    try:
        if not opt["--no-made"]:
            made = ["/usr/bin/python3", f"{here}/package_projects.py", f"{work}/made", *opt["--only"]]
            for line in subprocess.run(made, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
                projects[os.path.relpath(line, f"{work}/made").split(os.sep)[0]] = line
            if not opt["--no-postgres"] and glob.glob("/usr/lib/postgresql/*/bin/initdb") and (not opt["--only"] or "postgres" in opt["--only"]):
                import package_postgres
                server = package_postgres.Server()
                env["PGSERVICEFILE"] = server.service_file
                os.environ["PGSERVICEFILE"] = server.service_file
                for line in subprocess.run(["/usr/bin/python3", f"{here}/package_postgres.py", f"{work}/postgres", str(server.port)], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
                    projects[os.path.relpath(line, f"{work}/postgres").split(os.sep)[0]] = line
            if not opt["--no-web"] and (not opt["--only"] or "web" in opt["--only"]):
                import package_web
                web = package_web.Server()
                for line in subprocess.run(["/usr/bin/python3", f"{here}/package_web.py", f"{work}/web", str(web.port)], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
                    projects[os.path.relpath(line, f"{work}/web").split(os.sep)[0]] = line
        for root in folders:
            found = [root] if os.path.isfile(root) else sorted(glob.glob(f"{root}/**/*.qg[sz]", recursive=True))
            for p in found:
                name = os.path.basename(root) + "/" + os.path.relpath(p, root) if p != root else p
                if not opt["--only"] or any(o in name for o in opt["--only"]):
                    projects[name] = p
        bad, codes, notes, results, where = 0, collections.Counter(), collections.Counter(), {}, collections.defaultdict(list)
        for name, project in projects.items():
            out = f"{work}/out/{name.replace(os.sep, '+')}"
            shutil.rmtree(out, ignore_errors=True)
            os.makedirs(os.path.dirname(out), exist_ok=True)
            # what a project of ours names above its own folder lies in the folder that was made for it
            root, more = None, ["--network", "--allow", "127.0.0.1"] if project.startswith(f"{work}/web/") else ()
            if outside(project):
                root = f"{work}/made/{name}" if project.startswith(f"{work}/made/{name}/") else next((f for f in folders if project.startswith(f + "/")), None)
            report, wrong, seconds, peak = package(packager, project, out, env, limit, root, more)
            if wrong and report and "refused" in report:
                code, _, _ = run(["/usr/bin/python3", "-c", READS, project], limit, env)
                if code != 0:
                    results[name] = {"refused": wrong}
                    print(f"{name}: refused, and QGIS does not read it ({seconds:.1f} s): {report['refused']}", flush=True)
                    continue
                wrong = f"QGIS reads it; {wrong}"
            if wrong:
                bad += 1
                results[name] = {"wrong": wrong}
                print(f"{name}: NOT PACKAGED ({seconds:.1f} s): {wrong}", flush=True)
                continue
            allowed = opt["--allow"] + ([ALLOWED[name]] if name in ALLOWED else [])
            command = ["/usr/bin/python3", oracle, project, out] + (["--no-copy"] if outside(project) else []) + (["--allow", ",".join(allowed)] if allowed else [])
            _, said, complaint = run(command, limit, env)
            try:
                verdict = json.loads(said)
                differences = verdict.get("differences") or ([] if verdict["ok"] else [{"code": "oracle", "severity": "error", "detail": verdict.get("error")}])
            except (ValueError, KeyError) as e:
                differences = [{"code": "oracle", "severity": "error", "detail": (complaint.strip() or str(e))[-300:]}]
                verdict = {}
            errors = [d for d in differences if d["severity"] == "error"]
            bad += bool(errors)
            codes.update(d["code"] for d in errors)
            for code in {d["code"] for d in errors}:
                where[code].append(name)
            notes.update(d["code"] for d in differences if d["severity"] != "error")
            results[name] = {"seconds": seconds, "differences": differences, "stats": verdict.get("stats")}
            stats = verdict.get("stats", {})
            print(f"{name}: {len(errors)} errors, {len(differences) - len(errors)} notes; {stats.get('layers_compared')} layers, {stats.get('offline_layers')} offline, "
                  f"{stats.get('features_compared')} features; {seconds:.1f} s, {peak:.0f} MB", flush=True)
            for d in errors + ([d for d in differences if d["severity"] != "error"] if opt["-v"] else []):
                print(f"  {'' if d['severity'] == 'error' else 'note '}{d['code']} [{d.get('layer', '')}] {short(d)}", flush=True)
        if opt["--json"]:
            with open(opt["--json"][0], "w", encoding="utf8") as f:
                json.dump(results, f, indent=1, ensure_ascii=False)
        print("errors by code: " + (", ".join(f"{k} {v}" for k, v in codes.most_common()) or "none"))
        for code, _ in codes.most_common():
            print(f"  {code}: in {' '.join(where[code])}")
        print("notes by code: " + (", ".join(f"{k} {v}" for k, v in notes.most_common()) or "none"))
        print(f"{len(projects)} projects, {bad} not packaged or different")
    finally:
        for s in (server, web):
            if s:
                s.stop()
        if not opt["--keep"]:
            shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if bad or not projects else 0)


main()
