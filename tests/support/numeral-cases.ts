/** A person called by digits alone: texts that name them, and texts that do not; every searcher agrees. */
export const NUMERAL = '100234';

export const NUMERAL_NEEDLES = { texts: [NUMERAL], values: [] };

interface Case {
  readonly text: string;
  /** With 'x' in the person's place; null where nobody is named. */
  readonly replaced: string | null;
}

const naming = (text: string, replaced: string): Case => ({ text, replaced });
const other = (text: string): Case => ({ text, replaced: null });

/** Documents of JSON. */
export const JSON_CASES: readonly Case[] = [
  naming('{"subject":"100234"}', '{"subject":"x"}'),
  naming('{"of": ["a", "100234"]}', '{"of": ["a", "x"]}'),
  naming('{"100234":1}', '{"x":1}'),
  naming('{"100234":100234,"n":-100234}', '{"x":100234,"n":-100234}'),
  naming('{"file":"people/100234.csv"}', '{"file":"people/x.csv"}'),
  naming('{"file":"100234/walk 1.csv"}', '{"file":"x/walk 1.csv"}'),
  naming('{"file":"day_100234-left.csv"}', '{"file":"day_x-left.csv"}'),
  naming('{"said":"met 100234, and left"}', '{"said":"met x, and left"}'),
  naming('{"said":"It was 100234."}', '{"said":"It was x."}'),
  naming('{"said":"100234: gone"}', '{"said":"x: gone"}'),
  naming('{"path":"c:\\\\100234\\\\a"}', '{"path":"c:\\\\x\\\\a"}'),
  naming('{"said":"first\\n100234"}', '{"said":"first\\nx"}'),
  naming('{"phone":"+100234"}', '{"phone":"+x"}'),
  naming('{"raw":"{\\"of\\":\\"100234\\",\\"n\\":1}"}', '{"raw":"{\\"of\\":\\"x\\",\\"n\\":1}"}'),
  naming('{"of":"\\u0031\\u00300234"}', '{"of":"x"}'),
  naming('{"twice":"100234/100234"}', '{"twice":"x/x"}'),
  naming('{"thrice":"100234 100234 100234 "}', '{"thrice":"x x x "}'),
  naming('{"of":" 100234 "}', '{"of":" x "}'),
  naming('{"of" : ["a" , "  100234  "]}', '{"of" : ["a" , "  x  "]}'),
  naming('{"of":" 100234 5"}', '{"of":" x 5"}'),
  naming('{"of":"5 100234 ","n":1}', '{"of":"5 x ","n":1}'),
  naming('{"raw":"{\\"of\\": \\" 100234 \\"}"}', '{"raw":"{\\"of\\": \\" x \\"}"}'),
  naming('{" 100234 ":1}', '{" x ":1}'),
  other('{"steps":100234}'),
  other('["x", 100234 ,"y" , 100234 ]'),
  other('{"of":"x" , "n": 100234 ,"to":"y"}'),
  other('{"steps" : 100234 , "n":[1,100234,2, 100234 ]}'),
  other('[100234,\n  100234\n]'),
  other('{"n":-100234,"m":100234.5,"o":0.100234,"p":1.100234e5,"q":100234e5}'),
  other('{"of":"1002345"}'),
  other('{"of":"5100234"}'),
  other('{"of":"a100234"}'),
  other('{"of":"100234b"}'),
  other('{"of":"0.100234"}'),
  other('{"of":"100234.5"}'),
  other('{"x":"-100234"}'),
  other('{"at":"2026-03-02T09:00:00.100234+00:00"}'),
  other('{"key":"0a1b2c100234d5e6"}'),
  other('{"raw":"[1,\\n  100234\\n]"}'),
  other('{"raw":"[\\"x\\", 100234 , \\"y\\"]"}'),
  other('{"raw":"{\\"steps\\":100234,\\"n\\":[1,100234]}"}'),
];

/** Texts that are no JSON. */
export const TEXT_CASES: readonly Case[] = [
  naming('people/100234/walk.csv', 'people/x/walk.csv'),
  naming('people/100234.csv', 'people/x.csv'),
  naming(`SELECT * FROM t WHERE subject = '100234'`, `SELECT * FROM t WHERE subject = 'x'`),
  naming('subject 100234 left', 'subject x left'),
  naming('{"of":"100234","cut', '{"of":"x","cut'),
  naming('{"of":" 100234 ","cut', '{"of":" x ","cut'),
  naming(
    `SELECT * FROM t WHERE subject IN (' 100234 ')`,
    `SELECT * FROM t WHERE subject IN (' x ')`,
  ),
  naming('" 100234 ",7', '" x ",7'),
  other('{"steps":100234,"cut'),
  other('"GET /walk" 100234 "-"'),
  other('"left" 100234 "right"'),
  other('7,"left, right", 100234 ,"up"'),
  other('at 2026-03-02 09:00:00.100234'),
  other('a line of 1,100234,2'),
];

/** Alone in a field a number is none of a person's; only where columns name people, and between quotes. */
export const BARE_CASES: readonly Case[] = [
  other('100234'),
  other('100234,0.5,-1'),
  other('0.5,-1,100234'),
  other('0.5;100234;7'),
  other('<td>100234</td>'),
];
