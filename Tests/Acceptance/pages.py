"""Pages in real Chromium, as a person opens them."""


class Page:
    """A page that fails the test on script errors and on anything the content security policy stopped."""

    def __init__(self, browser, width, height, language="zh-CN"):
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale=language)
        self.context.add_init_script(
            "window.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI))")
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def log_in(self, run, user, path):
        """`run` has the `url` of a console and its `logins` as {user: password}."""
        self.page.goto(run.url + path)
        self.page.fill("#user", user)
        self.page.fill("#password", run.logins[user])
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(run.url + path)
        return self.page

    def check(self):
        assert self.errors == []
        assert self.page.evaluate("violations") == []
        # A page without a Chinese font draws every character as the same box.
        widths = self.page.evaluate(
            "() => { const c = document.createElement('canvas').getContext('2d'); c.font = '16px sans-serif';"
            "const p = ch => { c.clearRect(0,0,40,40); c.fillText(ch, 2, 20); return c.getImageData(0,0,40,40).data.join() };"
            "c.canvas.width = c.canvas.height = 40; return p('雪') === p('亮') }")
        assert widths is False, "Chinese text is drawn as boxes"
