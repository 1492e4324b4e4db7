"""The proxies of the how-to, as the proxies' own programs judge them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.certificates import self_signed

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/how-to/reverse-proxy.md"
CADDY, NGINX = shutil.which("caddy"), shutil.which("nginx")


def example(language: str) -> str:
    (text,) = re.findall(rf"\n```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(text)


def judged(folder: Path, *words: str) -> None:
    done = subprocess.run(  # noqa: S603 - words of ours
        words,
        cwd=folder,
        env={"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warn" not in done.stderr.lower(), done.stderr


@pytest.mark.skipif(CADDY is None, reason="caddy, of Debian's package, is not here")
def test_caddy_takes_its_example(tmp_path: Path) -> None:
    assert CADDY is not None
    (tmp_path / "Caddyfile").write_text(example("caddy").replace("    ", "\t"))
    judged(tmp_path, CADDY, "validate", "--config", "Caddyfile", "--adapter", "caddyfile")


@pytest.mark.skipif(NGINX is None, reason="nginx, of Debian's package, is not here")
def test_nginx_takes_its_example(tmp_path: Path) -> None:
    assert NGINX is not None
    tls = self_signed(tmp_path)
    server = re.sub(r"/\S+/fullchain\.pem", str(tls.certificate), example("nginx"))
    server = re.sub(r"/\S+/privkey\.pem", str(tls.key), server)
    paths = "".join(
        f"{each}_temp_path {tmp_path};\n"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{server}}}\n"
    (tmp_path / "nginx.conf").write_text(config)
    judged(tmp_path, NGINX, "-t", "-q", "-c", str(tmp_path / "nginx.conf"), "-e", "stderr")
