/** The pictures of the list, as paths of 24 by 24. They are drawn as lines. */

export const ICONS = {
  archive: "M3 4h18v5H3zM5 9v11h14V9M9.5 13h5",
  bell: "M6 9a6 6 0 0 1 12 0c0 6 2.5 7 2.5 7h-17S6 15 6 9M10 20a2.2 2.2 0 0 0 4 0",
  check: "M5 12.5l4.5 4.5L19 7.5",
  checks: "M2 12.5l4.5 4.5L15 7.5M12 16l1 1 9-9.5",
  close: "M6 6l12 12M18 6L6 18",
  dot: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8",
  heart: "M12 20s-7.5-4.6-7.5-10A4.2 4.2 0 0 1 12 7.5 4.2 4.2 0 0 1 19.5 10c0 5.4-7.5 10-7.5 10z",
  inbox: "M4 4h16v16H4zM4 14h4.5l1.5 2.5h4l1.5-2.5H20",
  keyboard: "M2 6h20v12H2zM6 10h.01M10 10h.01M14 10h.01M18 10h.01M7 14h10",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  mute: "M10.5 5.1a6 6 0 0 1 7.5 5.9c0 1.6.2 2.9.6 3.9M6.2 10c-.1 5.1-2.7 6-2.7 6H16M10 20a2.2 2.2 0 0 0 4 0M4 4l16 16",
  person: "M10 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8M3 21c0-4 3-6.5 7-6.5s7 2.5 7 6.5M19 8v6M16 11h6",
  refresh: "M20 11a8 8 0 1 0-2.3 6.6M20 4v7h-7",
  sliders: "M4 7h9M19 7h1M4 17h1M11 17h9M16 4.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5M8 14.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5",
  speech: "M4 5h16v11h-9l-5 4v-4H4z",
};
