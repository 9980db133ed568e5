import { withFewArenas } from '../../../workers/malloc-arenas';

test('workers get by with two arenas, unless somebody wants another number', () => {
  expect(withFewArenas({ HOME: '/home' })).toEqual({ HOME: '/home', MALLOC_ARENA_MAX: '2' });
  expect(withFewArenas({ MALLOC_ARENA_MAX: '8' })).toEqual({ MALLOC_ARENA_MAX: '8' });
});
