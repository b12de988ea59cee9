/** The words of the list and the bell, in Chinese. */

const numbers = new Intl.NumberFormat("zh");

export const ZH = {
  title: "通知",
  unread: (count) => (count >= 1000 ? "1,000 条以上未读" : `${numbers.format(count)} 条未读`),
  somebody: "有人",
  empty: "没有新消息",
  emptyHint: "有新动态时会立即显示在这里。",
  newOnes: (count) => `${numbers.format(count)} 条新通知`,
  showNew: (count) => `${numbers.format(count)} 条新通知：显示`,
  unreadOne: "未读",
  markRead: "标为已读",
  markAllRead: "全部标为已读",
  refresh: "刷新",
  close: "关闭",
  more: "显示更早的通知",
  failed: "无法读取通知，正在重试…",
  offline: "没有实时连接，正在重试…",
  loggedOut: "你已退出登录。",
};
