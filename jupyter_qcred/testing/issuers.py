"""What every issuer promises to the life of a credential: ``jupyter_qcred.issue.issuer.Issuer``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest

from jupyter_qcred.core.errors import LeaseExpiredError, NotEntitledError, NotStoredError
from jupyter_qcred.core.lease import Outcome
from jupyter_qcred.issue.issuer import IssuedToken, Issuer, SessionRequest
from jupyter_qcred.testing.leaks import assert_shows_nothing_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_qcred.issue.profile import Profile

_AT_ONCE: Final = 6


class IssuerContract:
    """Subclass it as ``Test…``, and override the fixtures that say what it is tried on.

    It needs a real upstream: ``issuer`` reaches it, with a login that may obtain a server token.
    """

    @pytest.fixture
    def issuer(self) -> Issuer:
        """Return the issuer; whoever makes it closes it."""
        raise NotImplementedError("override `issuer`")

    @pytest.fixture
    def stored(self) -> Profile:
        """Return a profile whose source holds a static key."""
        raise NotImplementedError("override `stored`")

    @pytest.fixture
    def leased(self) -> Profile:
        """Return a profile whose source gives a new lease each time, which can be revoked."""
        raise NotImplementedError("override `leased`")

    @pytest.fixture
    def missing(self) -> Profile:
        """Return a profile whose source a session may read, and which holds nothing."""
        raise NotImplementedError("override `missing`")

    @pytest.fixture
    def forbidden(self) -> Profile:
        """Return a profile whose source no session may read."""
        raise NotImplementedError("override `forbidden`")

    @pytest.fixture
    def server(self, issuer: Issuer) -> Iterator[IssuedToken]:
        """Return a server token, revoked at the end."""
        token = issuer.open_server()
        yield token
        issuer.revoke_token(token)

    @pytest.fixture
    def session(self, issuer: Issuer, server: IssuedToken) -> IssuedToken:
        """Return a session token below it."""
        return issuer.open_session(server, _request(0))

    def test_it_says_who_it_is(self, issuer: Issuer, server: IssuedToken) -> None:
        """In a few words for messages, without its login or a token."""
        words = issuer.describe()
        assert 0 < len(words) < 200
        assert server.token.reveal() not in words

    def test_a_token_is_a_secret_with_a_handle_and_an_end(
        self, server: IssuedToken, session: IssuedToken
    ) -> None:
        """The handle goes to the journal and the audit, the secret to nobody."""
        for token in (server, session):
            assert token.token.reveal()
            assert token.token.reveal() not in repr(token) + token.accessor
            assert token.accessor
            assert token.ttl > 0
        assert server.accessor != session.accessor
        assert server.token.reveal() != session.token.reveal()

    def test_tokens_live_until_they_are_renewed(
        self, issuer: Issuer, server: IssuedToken, session: IssuedToken
    ) -> None:
        """A renewal tells how long they are good from now on."""
        for token in (server, session):
            assert issuer.token_alive(token)
            assert not token.renewable or issuer.renew_token(token) > 0

    def test_the_end_of_a_session_is_confirmed_and_its_own(
        self, issuer: Issuer, server: IssuedToken, session: IssuedToken
    ) -> None:
        """Others of the same server live on; a second revocation finds it done."""
        other = issuer.open_session(server, _request(1))
        assert issuer.revoke_token(session) is Outcome.CONFIRMED
        assert not issuer.token_alive(session)
        assert issuer.revoke_token(session) is Outcome.CONFIRMED
        assert issuer.token_alive(other)
        assert issuer.token_alive(server)

    def test_the_end_of_a_server_takes_its_sessions_along(self, issuer: Issuer) -> None:
        """A server that dies leaves nothing that lives longer than its own token."""
        server = issuer.open_server()
        sessions = [issuer.open_session(server, _request(number)) for number in range(2)]
        assert issuer.revoke_token(server) is Outcome.CONFIRMED
        assert not issuer.token_alive(server)
        assert [issuer.token_alive(session) for session in sessions] == [False, False]

    def test_a_dead_session_gets_nothing(
        self, issuer: Issuer, session: IssuedToken, stored: Profile
    ) -> None:
        """It is told apart from a missing right: whoever asked opens another one."""
        issuer.revoke_token(session)
        with pytest.raises(LeaseExpiredError) as caught:
            issuer.issue(session, stored)
        assert_shows_nothing_of(caught.value, session.token.reveal())

    def test_a_static_key_is_not_called_revocable(
        self, issuer: Issuer, session: IssuedToken, stored: Profile
    ) -> None:
        """No lease, no end, and a field that is the credential."""
        credential = issuer.issue(session, stored)
        assert credential.values[credential.main].reveal()
        assert credential.upstream_lease is None
        assert credential.ttl is None
        assert (credential.renewable, credential.revocable) == (False, False)
        assert credential.values[credential.main].reveal() not in repr(credential)

    def test_a_lease_ends_when_it_is_revoked(
        self, issuer: Issuer, server: IssuedToken, session: IssuedToken, leased: Profile
    ) -> None:
        """CONFIRMED means dead, for whoever may ask; another lease lives on."""
        one, two = (issuer.issue(session, leased) for _ in range(2))
        assert one.upstream_lease
        assert two.upstream_lease
        assert one.upstream_lease != two.upstream_lease
        assert one.revocable
        assert one.ttl is not None
        assert issuer.lease_alive(server, one.upstream_lease) in {True, None}
        if one.renewable:
            assert issuer.renew_lease(session, one.upstream_lease) > 0
        assert issuer.revoke_lease(session, one.upstream_lease) is Outcome.CONFIRMED
        assert issuer.lease_alive(server, one.upstream_lease) in {False, None}
        assert issuer.lease_alive(server, two.upstream_lease) in {True, None}

    def test_a_lease_can_be_revoked_after_its_session(
        self, issuer: Issuer, server: IssuedToken, session: IssuedToken, leased: Profile
    ) -> None:
        """By the server token: the end of a session may only queue the end of its leases."""
        lease = issuer.issue(session, leased).upstream_lease
        assert lease
        issuer.revoke_token(session)
        assert issuer.revoke_lease(server, lease) is Outcome.CONFIRMED
        assert issuer.lease_alive(server, lease) in {False, None}

    def test_another_token_is_revoked_by_its_handle_or_not_called_so(
        self, issuer: Issuer, server: IssuedToken, session: IssuedToken
    ) -> None:
        """Where that right is not granted the outcome is UNSUPPORTED, and the token lives."""
        outcome = issuer.revoke_accessor(server, session.accessor)
        assert outcome in {Outcome.CONFIRMED, Outcome.UNSUPPORTED}
        assert issuer.token_alive(session) is (outcome is Outcome.UNSUPPORTED)

    def test_what_is_not_stored_and_what_is_not_allowed_are_told_apart(
        self, issuer: Issuer, session: IssuedToken, missing: Profile, forbidden: Profile
    ) -> None:
        """Each error names the credential and the next step, and shows no token."""
        for profile, kind in ((missing, NotStoredError), (forbidden, NotEntitledError)):
            with pytest.raises(kind) as caught:
                issuer.issue(session, profile)
            assert caught.value.credential == profile.name
            assert caught.value.next_step
            assert_shows_nothing_of(caught.value, session.token.reveal())

    def test_it_serves_several_threads_at_once(
        self, issuer: Issuer, server: IssuedToken, leased: Profile
    ) -> None:
        """Each gets a session and a lease of its own."""

        def launch(number: int) -> str | None:
            session = issuer.open_session(server, _request(number))
            lease = issuer.issue(session, leased).upstream_lease
            return lease if issuer.revoke_token(session) is Outcome.CONFIRMED else None

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            leases = list(threads.map(launch, range(_AT_ONCE)))
        assert None not in leases
        assert len(set(leases)) == _AT_ONCE


def _request(number: int) -> SessionRequest:
    return SessionRequest(f"intent-{number}", "alice", "server-1", f"kernel-{number}", {})
