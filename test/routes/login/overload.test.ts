import t from 'tap';
import { build } from '../../support/build.ts';
import { holdAgainstDocument } from '../../support/documented.ts';

t.test('more logins at once than can wait: the surplus gets 503, and the others log in', async (t) => {
  const { app } = await build(t, { LOGIN_RATE_MAX: '100000', LOGIN_RATE_MAX_PER_ADDRESS: '100000' });
  const payload = { username: 'demo', password: 'demo-password' };
  const answers = await Promise.all(
    Array.from({ length: 300 }, () => app.inject({ method: 'POST', url: '/login', payload })),
  );
  const refused = answers.filter(({ statusCode }) => statusCode !== 200);
  t.ok(refused.length > 0 && refused.length <= 100, `${refused.length} of 300`);
  for (const answer of refused) {
    holdAgainstDocument(app, 'POST', '/login', answer);
    t.match([answer.statusCode, answer.json().code], [503, 'OVERLOADED']);
    t.match(answer.headers['retry-after'], /^\d+$/);
    t.notOk(answer.headers['set-cookie']);
  }
  t.equal((await app.inject({ method: 'POST', url: '/login', payload })).statusCode, 200, 'then all are taken again');
});
