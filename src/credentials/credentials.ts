import type { Attributes } from '../session/session.ts';

export interface Attempt {
  readonly username: string;
  readonly password: string;
  readonly ip: string;
  /** Names the request, for logs of other services. */
  readonly requestId: string;
}

/** Who has logged in, as the source of credentials knows them. */
export interface Identity {
  readonly userId: string;
  readonly metadata: Attributes;
  /** What apps may rely on: no request of the user's changes it. */
  readonly claims: Attributes;
}

/** Where it is known who may log in. */
export interface Credentials {
  /** For the start-up message. */
  readonly description: string;

  /**
   * Checks one attempt: the identity, or `undefined` when username or password is wrong. An unknown user takes the
   * same work as a known one.
   *
   * @throws `ApiError` `LOGIN_REFUSED` when the user may not log in for another reason, `CREDENTIALS_UNAVAILABLE` when the source can't answer, `OVERLOADED` when too many checks wait
   */
  check(attempt: Attempt): Promise<Identity | undefined>;

  /** Releases what the source holds. Checks under way fail. */
  close(): Promise<void>;
}
