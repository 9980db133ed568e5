/** `watchlake topics`: what lies in Kafka. */
import type { Command } from 'commander';
import type { ShownMessage, TopicState } from '../../streaming/topic-view';
import type { CommandTopics } from '../../workers/topics';
import { declare, declareGroup, wholeNumber } from '../command';
import { printable } from '../printable';
import { tellingOfWaits, type Actions, type Outcome, type Shell } from '../shell';
import { showHeading, showTable } from '../tables';
import { bytes, count, type Voice } from '../voice';

const LONGEST_SHOWN = 160;

interface ShowFlags {
  raw: boolean;
  limit: number;
}

async function withTopics<T>(shell: Shell, work: (topics: CommandTopics) => Promise<T>) {
  const opened = await shell.services.openTopics(shell.config, tellingOfWaits(shell));
  try {
    return await work(opened.topics);
  } finally {
    await opened.close();
  }
}

function showTopics(voice: Voice, topics: readonly TopicState[]): void {
  if (topics.length === 0)
    return voice.line('There are no topics yet: the first stream makes them.');
  showHeading(voice, 'Topics');
  const columns = [
    { title: 'topic' },
    { title: 'partitions', figures: true },
    { title: 'messages, at most', figures: true },
  ];
  showTable(
    voice,
    columns,
    topics.map(({ topic, partitions, messages }) => [topic, count(partitions), count(messages)]),
  );
}

const listTopics = (shell: Shell): Promise<Outcome> =>
  withTopics(shell, async (opened) => {
    const topics = await opened.list();
    return { result: { topics }, show: (voice) => showTopics(voice, topics) };
  });

const shortened = (text: string): string =>
  text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;

const headersOf = ({ headers }: ShownMessage): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

function showMessages(
  voice: Voice,
  topic: string,
  { messages, raw }: { messages: readonly ShownMessage[]; raw: boolean },
): void {
  if (messages.length === 0) return voice.line(`${topic} holds no messages.`);
  showHeading(voice, topic);
  const columns = [
    { title: 'partition', figures: true },
    { title: 'offset', figures: true },
    ...['key', 'size', 'headers', ...(raw ? ['message'] : [])].map((title) => ({ title })),
  ];
  const rows = messages.map((each) =>
    [
      ...[String(each.partition), String(each.offset), each.key ?? '–', bytes(each.bytes)],
      shortened(headersOf(each)),
      ...(raw ? [shortened(each.text ?? '(no text)')] : []),
    ].map(printable),
  );
  showTable(voice, columns, rows);
}

const showTopic = (shell: Shell, topic: string, { raw, limit }: ShowFlags): Promise<Outcome> =>
  withTopics(shell, async (opened) => {
    const messages = await opened.newest({ topic, limit, withText: raw });
    return {
      result: { topic, messages },
      show: (voice) => showMessages(voice, topic, { messages, raw }),
    };
  });

export function addTopics(program: Command, act: Actions): void {
  const group = declareGroup(program, {
    usage: 'topics',
    about: 'Shows what lies in Kafka.',
    examples: ['topics list', 'topics show events_topic --limit 5'],
  });
  declare(group, {
    usage: 'list',
    about: 'Lists the topics of Watchlake and how much they hold.',
    examples: ['topics list'],
    more: 'Markers of transactions are counted among the messages.',
  }).action(act((shell) => listTopics(shell)));
  declare(group, {
    usage: 'show <topic>',
    about: 'Shows the newest messages of a topic.',
    examples: ['topics show events_topic', 'topics show watch.predictions --limit 2 --raw'],
    more: 'Keys, which are ids of devices, are shown in any case. Samples are binary. A table cuts long messages; --json does not.',
  })
    .option('--raw', 'also the messages themselves, which may tell of people', false)
    .option('--limit <messages>', 'most messages of each partition', wholeNumber(1, 1000), 5)
    .action(act((shell, topic: string, flags: ShowFlags) => showTopic(shell, topic, flags)));
}
