// Runs before the first paint: the chosen theme and language, so that nothing flashes. No imports, nothing else.
(function () {
    "use strict";
    var root = document.documentElement;
    function stored(key) { try { return localStorage.getItem(key); } catch (refused) { return null; } }
    var theme = stored("snowlight.theme." + (root.dataset.page === "work" ? "work" : "desk"));
    if (theme === "dark" || theme === "light" || theme === "sun") root.dataset.theme = theme;
    if (stored("snowlight.language") === "en") root.lang = "en";
})();
