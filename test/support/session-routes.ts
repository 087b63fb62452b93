export const form = { username: 'ann', password: 'ann-password' };

/** The routes of whoever has a session, or wants one, each with a body it takes. */
export const sessionRoutes = [
  ['GET', '/session'],
  ['POST', '/session'],
  ['PATCH', '/session', { metadata: { a: 1 } }],
  ['POST', '/session/heartbeat'],
  ['POST', '/login', form],
  ['POST', '/logout'],
  ['GET', '/sessions'],
  ['DELETE', '/sessions'],
  ['DELETE', '/sessions/x'],
  ['GET', '/verify'],
] as const;
