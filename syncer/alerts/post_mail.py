"""One mail to one address, through the server of `alerts.smtp`."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.errors import InvalidHeaderDefect
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from io import BufferedReader

from syncer.alerts.connection import connected, tls_context
from syncer.alerts.errors import NotTold
from syncer.errors import ConfigError
from syncer.pipeline import Smtp
from syncer.ports import doing

LONGEST_S = 40.0
"""For all of it, however slowly the server talks."""
LARGEST_ANSWER = 64 * 1024
"""Bytes of all that the server says; they stay in memory."""


class TooMuchError(Exception):
    """The server says more than `LARGEST_ANSWER`; no `OSError`, which the library takes for a broken connection."""


SAID: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (TooMuchError, "says far more than one does; look at alerts.smtp.host and port"),
    (smtplib.SMTPAuthenticationError, "refuses the login; look at alerts.smtp.user and password"),
    (smtplib.SMTPRecipientsRefused, "refuses the address of the receiver; is it written right?"),
    (smtplib.SMTPSenderRefused, "refuses the sender; set alerts.smtp.sender to an address of yours"),
    (smtplib.SMTPNotSupportedError, "does not offer what alerts.smtp.security or the login asks for"),
    (smtplib.SMTPResponseException, "refuses the mail"),
    (smtplib.SMTPException, "broke off"),
    (TimeoutError, f"did not answer within {LONGEST_S:g} s"),
    (ssl.SSLCertVerificationError, "has a certificate that is not valid for it"),
    (ssl.SSLError, "has no TLS for us; look at alerts.smtp.port and security"),
    (OSError, "takes no connection; look at alerts.smtp.host and port"),
    (UnicodeError, "takes user and password in ASCII only; look at alerts.smtp"),
)
"""What an error means, the first that fits; what the server says is not quoted."""


def post_mail(smtp: Smtp, address: str, *, subject: str, text: str, longest_s: float = LONGEST_S) -> None:
    """Send one mail; raises `NotTold`, which quotes nothing that the server says."""
    message = _message(smtp, address.strip(), subject, text)
    try:
        with doing("post"), _talk(smtp, longest_s) as server:
            if smtp.user is not None and smtp.password is not None:
                server.login(smtp.user, smtp.password.resolve())
            server.send_message(message)
    except (OSError, smtplib.SMTPException, UnicodeError, TooMuchError) as error:
        raise NotTold(_in_words(smtp, error)) from None
    except ConfigError as error:
        raise NotTold(str(error)) from None


def _message(smtp: Smtp, address: str, subject: str, text: str) -> EmailMessage:
    """Return the mail; raises `NotTold` for an address that no mail can go to or come from."""
    message = EmailMessage()
    if not _takes(message, "From", smtp.sender or f"syncer@{socket.gethostname()}"):
        raise NotTold("alerts.smtp.sender is no e-mail address; write the name of a mailbox, @ and its domain")
    if not _takes(message, "To", address) or not all(each.domain for each in message["To"].addresses):
        raise NotTold("the address is no e-mail address; write the name of a mailbox, @ and its domain")
    message["Subject"] = subject
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="syncer.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _takes(message: EmailMessage, header: str, text: str) -> bool:
    """Set a header; return whether `text`, which has no line break, names mailboxes."""
    try:
        message[header] = text
        found, defects = message[header].addresses, message[header].defects
    except (ValueError, IndexError, AttributeError):  # what the library raises for `name@` and `name@[`
        return False
    # Python 3.13 raises less: it finds an address without a name in `name@`, and adds what `name@[1` lacks
    is_mended = any(isinstance(each, InvalidHeaderDefect) for each in defects)
    return bool(found) and not is_mended and all(each.username for each in found)


class _Over(smtplib.SMTP):
    """Speaks over a connection that is there."""

    def __init__(self, smtp: Smtp, opened: socket.socket) -> None:
        self._opened = opened
        super().__init__(smtp.host, smtp.port)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host, port, timeout
        return self._opened

    def getreply(self) -> tuple[int, bytes]:
        """Return what the server says; raises `TooMuchError` where it comes to no end."""
        self.file = self.file or _Bounded(self.sock.makefile("rb"))  # type: ignore[union-attr]  # it is open
        try:
            return super().getreply()
        except TooMuchError:
            self.close()
            raise


class _Bounded:
    """Gives lines, up to `LARGEST_ANSWER` bytes of them. Mutable."""

    def __init__(self, file: BufferedReader) -> None:
        self._file, self._left = file, LARGEST_ANSWER

    def readline(self, most: int) -> bytes:
        line = self._file.readline(most)
        self._left -= len(line)
        if self._left < 0:
            raise TooMuchError
        return line

    def close(self) -> None:
        self._file.close()


@contextmanager
def _talk(smtp: Smtp, longest_s: float) -> Iterator[smtplib.SMTP]:
    """Give a connection; how its end goes says nothing about the mail."""
    context = tls_context()
    at_once = context if smtp.security == "tls" else None
    with connected(smtp.host, smtp.port, context=at_once, longest_s=longest_s) as opened:
        server = _Over(smtp, opened)
        try:
            if smtp.security == "starttls":
                server.starttls(context=context)
            yield server
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()


def _in_words(smtp: Smtp, error: Exception) -> str:
    where = f"the mail server {smtp.host}:{smtp.port}"
    said = next((text for kinds, text in SAID if isinstance(error, kinds)), "broke off")
    code = f" ({error.smtp_code})" if isinstance(error, smtplib.SMTPResponseException) else ""
    return f"{where} {said}{code}"
