import { describe, expect, it } from 'vitest';
import { EventStreamParser } from '../src/event-stream.ts';

const TEXT = ': hello\n\nevent: hello\ndata: {"server": "5f"}\nid: 3\n\nevent: nothing\n\ndata: one\ndata:two\r\n\r\n';
const EVENTS = [{ name: 'hello', data: '{"server": "5f"}' }, { name: 'message', data: 'one\ntwo' }];

describe('EventStreamParser', () => {
  it('gives each event with its name and data, and no comments', () => {
    expect(new EventStreamParser().push(TEXT)).toEqual(EVENTS);
  });

  it('does not care where the pieces are cut', () => {
    for (let size = 1; size < 8; size += 1) {
      const parser = new EventStreamParser();
      const events = [];
      for (let at = 0; at < TEXT.length; at += size) events.push(...parser.push(TEXT.slice(at, at + size)));
      expect(events).toEqual(EVENTS);
    }
  });

  it('waits for the empty line', () => {
    const parser = new EventStreamParser();
    expect(parser.push('event: closed\ndata: {}\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ name: 'closed', data: '{}' }]);
  });
});
