// Limits that are exceeded under load: keycloak/keycloak#14689 (1200 sessions with a limit of 50), #50673.
import t from 'tap';
import { everywhere, times } from '../support/fleets.ts';
import { passwordOf, usersFile } from '../support/users.ts';

const onEveryStore = await everywhere(t);
const USERS_FILE = usersFile(t, ['ann']);

for (const SESSION_LIMIT_POLICY of ['evict-oldest', 'evict-least-recent', 'reject']) {
  onEveryStore(
    `60 parallel logins against a limit of 5, ${SESSION_LIMIT_POLICY}: 5 live, 5 listed`,
    async (t, fleet) => {
      const payload = { username: 'ann', password: passwordOf('ann') };
      const logins = await times(60, (i) =>
        i % 2 === 0
          ? fleet.call('POST', '/login', { payload })
          : fleet.service('POST', '/v1/sessions', { payload: { userId: 'ann' } }),
      );
      const accepted = logins.filter(({ statusCode }) => statusCode === 200 || statusCode === 201);
      const refused = logins.filter(({ statusCode }) => statusCode === 409);
      t.same(
        logins.map(({ statusCode }) => statusCode).filter((code) => ![200, 201, 409].includes(code)),
        [],
      );
      t.equal(accepted.length, SESSION_LIMIT_POLICY === 'reject' ? 5 : 60);
      t.ok(refused.every((answer) => answer.json().code === 'SESSION_LIMIT_REACHED'));

      const listed = (await fleet.service('GET', '/v1/users/ann/sessions')).json().sessions;
      t.equal(listed.length, 5);
      const tokens = accepted.map((answer) => answer.json().token ?? answer.cookies[0]?.value);
      const live = await Promise.all(tokens.map((token) => fleet.isLive(token)));
      t.equal(live.filter(Boolean).length, 5);
      t.match((await fleet.service('GET', '/v1/stats')).json(), { active: 5 });
    },
    { MAX_SESSIONS_PER_USER: '5', SESSION_LIMIT_POLICY, USERS_FILE },
  );
}
