import {
  bodyFailures,
  durableFailures,
  Empty,
  etag,
  failures,
  forServices,
  forSession,
  NoBody,
  Session,
  SessionParams,
  serviceFailures,
} from '../../../../src/http/schemas.ts';
import { PatchHeaders, patchFailures, ServiceSessionPatch } from '../../../../src/http/session-patch.ts';

export const getSession = {
  ...forServices('sessions'),
  summary: 'Read a session',
  description: 'Does not count as activity.',
  operationId: 'getSession',
  params: SessionParams,
  response: { 200: forSession(Session, etag), ...failures(...serviceFailures, 'SESSION_NOT_FOUND') },
};

export const patchSession = {
  ...forServices('sessions'),
  summary: 'Change metadata and claims, key by key',
  description: 'Keys that are not named stay as they are, whoever writes them at the same time.',
  operationId: 'patchSession',
  params: SessionParams,
  headers: PatchHeaders,
  body: ServiceSessionPatch,
  response: {
    200: forSession(Session, etag),
    ...failures(...serviceFailures, ...bodyFailures, ...patchFailures, 'CLAIMS_TOO_LARGE', 'SESSION_NOT_FOUND'),
  },
};

export const endSession = {
  ...forServices('sessions'),
  summary: 'End a session',
  operationId: 'endSession',
  params: SessionParams,
  body: NoBody,
  response: {
    204: Empty('It has ended, now or before'),
    ...failures(...serviceFailures, ...durableFailures),
  },
};
