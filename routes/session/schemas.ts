import {
  bodyFailures,
  durableFailures,
  etag,
  failures,
  forSession,
  NoBody,
  Session,
  sessionFailures,
  userSecurity,
  withToken,
} from '../../src/http/schemas.ts';
import { PatchHeaders, patchFailures, SessionPatch } from '../../src/http/session-patch.ts';

export const startSession = {
  summary: 'Start an anonymous session',
  description: 'For visitors who have not logged in. A caller with a live session gets that one, and no cookie.',
  operationId: 'startSession',
  tags: ['session'],
  security: [{}, ...userSecurity],
  body: NoBody,
  response: {
    200: forSession({ ...Session, description: 'The live session the caller has' }),
    201: withToken({ ...Session, description: 'A new anonymous session' }),
    ...failures(...sessionFailures, ...durableFailures, 'CROSS_SITE_REQUEST', 'RATE_LIMITED'),
  },
};

export const readSession = {
  summary: 'Read the session',
  operationId: 'readSession',
  tags: ['session'],
  security: userSecurity,
  response: { 200: forSession(Session, etag), ...failures(...sessionFailures) },
};

export const updateSession = {
  summary: 'Change metadata, key by key',
  description: 'Keys that are not named stay as they are, whoever writes them at the same time.',
  operationId: 'updateSession',
  tags: ['session'],
  security: userSecurity,
  headers: PatchHeaders,
  body: SessionPatch,
  response: {
    200: forSession(Session, etag),
    ...failures(...sessionFailures, ...bodyFailures, 'CROSS_SITE_REQUEST', ...patchFailures),
  },
};
