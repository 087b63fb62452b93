// Loaded before a pod (node --import): SIGWINCH moves the pod's clock by CHAOS_CLOCK_STEP_MS, as somebody does who sets
// the date; the next SIGWINCH moves it back. Durations are not concerned, as ever when a date is set. (Signals that end a process
// are the service's own.)
const step = Number(process.env.CHAOS_CLOCK_STEP_MS);
const genuine = Date.now;
let shift = 0;

Date.now = () => genuine() + shift;
process.on('SIGWINCH', () => {
  shift = shift === 0 ? step : 0;
});
