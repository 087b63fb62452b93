import { createHook } from 'node:async_hooks';

/**
 * Keeps `process.nextTick` fast; server.ts imports it before everything else.
 *
 * `nextTick` makes an object literal with computed keys (lib/internal/process/task_queues.js). V8 remembers the hidden
 * classes ("maps") of the literal's intermediate steps weakly: a full garbage collection at a moment when no such
 * object exists clears them, the next object gets new ones, and V8 then treats the literal as megamorphic for the rest
 * of the process (Runtime_DefineKeyedOwnPropertyInLiteral): 0.3 µs a call instead of 0.08, and a request makes some
 * ten calls. Any large import can cause that collection; importing ioredis alone made every HTTP request 2 to 4 µs
 * slower. One object that stays alive keeps the maps alive. Measured on Node 24.21; it can go when
 * test/src/observability/keep-tick-maps.test.ts finds no difference.
 */
let tickObject: object | undefined;
const hook = createHook({
  init(_asyncId, type, _triggerAsyncId, resource) {
    if (type === 'TickObject') tickObject = resource;
  },
}).enable();
process.nextTick(() => {});
hook.disable();

/** The object that is kept; `undefined` where Node no longer makes one. */
export const kept = tickObject;
