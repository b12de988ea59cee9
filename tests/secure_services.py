"""Private services that speak TLS, and certificates for them."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from dev.ports import find_free
from dev.postgresql import owner
from tests.services import PostgreSQL, RabbitMQ, Service, missing


class Authority:
    """A certificate authority. `file` is its own certificate."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        self._folder = folder
        self.file = folder / "ca.pem"
        new = ["req", "-x509", "-subj", "/CN=authority", "-days", "2", "-out", str(self.file)]
        self._openssl(*new, *self._new_key("ca"))

    def sign(self, name: str, hosts: str = "") -> tuple[Path, Path]:
        """Return the files of a new certificate and its key; `hosts` are written as for OpenSSL, `DNS:localhost`."""
        certificate, request = self._folder / f"{name}.pem", self._folder / f"{name}.csr"
        self._openssl("req", "-subj", f"/CN={name}", "-out", str(request), *self._new_key(name))
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={hosts}\n" if hosts else "")
        signer = ["-CA", str(self.file), "-CAkey", str(self._folder / "ca.key"), "-CAcreateserial", "-days", "2"]
        files = ["-in", str(request), "-out", str(certificate), "-extfile", str(extensions)]
        self._openssl("x509", "-req", *files, *signer)
        return certificate, self._folder / f"{name}.key"

    def _new_key(self, name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self._path(name)]

    def _path(self, name: str) -> str:
        return str(self._folder / f"{name}.key")

    def _openssl(self, *arguments: str) -> None:
        if shutil.which("openssl") is None:
            missing("openssl")
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr


def with_options(url: str, **options: object) -> str:
    """Return a URL with options of TLS, which are given without their prefix ssl_."""
    return f"{url}?{urlencode({f'ssl_{name}': value for name, value in options.items()})}"


class SecureRedis(Service):
    """The machine's own Redis: the bundled Valkey is built without TLS."""

    name = "Redis with TLS"

    def __init__(self, folder: Path, authority: Authority, *, hosts: str, asks_clients: bool = False) -> None:
        super().__init__(folder)
        self._authority = authority
        self._certificate, self._key = authority.sign(f"redis-{self.port}", hosts)
        self._asks_clients = asks_clients

    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self.port}/0"

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        if shutil.which("redis-server") is None:
            missing("redis-server")
        tls = {"cert-file": self._certificate, "key-file": self._key, "ca-cert-file": self._authority.file}
        tls_options = [part for name, value in tls.items() for part in (f"--tls-{name}", str(value))]
        options = ["--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        asks = ["--tls-auth-clients", "yes" if self._asks_clients else "no", "--save", ""]
        return ["redis-server", *options, *tls_options, *asks], {}, None


class SecureRabbitMQ:
    """A port for TLS of a RabbitMQ that runs, and a virtual host there. Both end with the node."""

    def __init__(self, rabbitmq: RabbitMQ, authority: Authority, *, hosts: str, asks_clients: bool = False) -> None:
        port = find_free()
        certificate, key = authority.sign(f"rabbitmq-{port}", hosts)
        options = {"cacertfile": f'"{authority.file}"', "certfile": f'"{certificate}"', "keyfile": f'"{key}"'}
        options |= {"verify": "verify_peer", "fail_if_no_peer_cert": str(asks_clients).lower()}
        listed = ", ".join(f"{{{name}, {value}}}" for name, value in options.items())
        # Those of rabbitmq.conf are the same for all ports.
        listen = f'rabbit_networking:start_ssl_listener({{"127.0.0.1", {port}}}, [{listed}], 10)'
        rabbitmq.ctl("eval", f"rabbit_networking:ensure_ssl(), {listen}.")
        plain = rabbitmq.create_vhost()
        self.url = plain.replace("amqp://", "amqps://").replace(f":{rabbitmq.port}/", f":{port}/")


class SecurePostgreSQL(PostgreSQL):
    name = "PostgreSQL with TLS"

    def __init__(self, folder: Path, authority: Authority, *, hosts: str) -> None:
        super().__init__(folder)
        self._files = {"ssl_cert_file": folder / "server.pem", "ssl_key_file": folder / "server.key"}
        for signed, file in zip(authority.sign(f"postgresql-{self.port}", hosts), self._files.values(), strict=True):
            shutil.copy(signed, file)
            file.chmod(0o600)  # it takes no key that others may read
            if user := owner():
                shutil.chown(file, user)

    def command(self) -> tuple[list[str], Mapping[str, str], str | None]:
        command, env, user = super().command()
        settings = {"ssl": "on", **self._files}
        return [*command, *(part for name, value in settings.items() for part in ("-c", f"{name}={value}"))], env, user
