// What the chaos suite promises of a Redis that Sentinels watch, in its short form; npm run chaos has the long one.
import t from 'tap';
import { shortForm } from './short-form.ts';

await shortForm(t, 'Sentinel');
