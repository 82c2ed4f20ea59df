// Coded pictures of 64×48 and smaller, made with x264, x265 and the JPEG encoder of FFmpeg 5.1 for these tests.
// Annex B with start codes, or whole JPEGs; a key picture first.

import Foundation

/// Base64 as bytes.
private func decoded(_ text: String) -> [UInt8] { Array(Data(base64Encoded: text)!) }

enum Coded {
    /// 64×48 baseline: SPS, PPS and IDR, then three predicted pictures, then a key picture again.
    static let h264: [[UInt8]] = [
        decoded(
            """
            AAAAAWdCwAraEehAAAADAEAAAAejxImoAAAAAWjOAxyAAAABBgX//1bcRem95tlIt5Ys2CDZI+7veDI2NCAtIGNvcmUgMTY0IHIzMDk1IGJhZWU0MDAgLS\
            BILjI2NC9NUEVHLTQgQVZDIGNvZGVjIC0gQ29weWxlZnQgMjAwMy0yMDIyIC0gaHR0cDovL3d3dy52aWRlb2xhbi5vcmcveDI2NC5odG1sIC0gb3B0aW9u\
            czogY2FiYWM9MCByZWY9MSBkZWJsb2NrPTA6MDowIGFuYWx5c2U9MDowIG1lPWRpYSBzdWJtZT0wIHBzeT0xIHBzeV9yZD0xLjAwOjAuMDAgbWl4ZWRfcm\
            VmPTAgbWVfcmFuZ2U9MTYgY2hyb21hX21lPTEgdHJlbGxpcz0wIDh4OGRjdD0wIGNxbT0wIGRlYWR6b25lPTIxLDExIGZhc3RfcHNraXA9MSBjaHJvbWFf\
            cXBfb2Zmc2V0PTAgdGhyZWFkcz0xIGxvb2thaGVhZF90aHJlYWRzPTEgc2xpY2VkX3RocmVhZHM9MCBzbGljZXM9MSBucj0wIGRlY2ltYXRlPTEgaW50ZX\
            JsYWNlZD0wIGJsdXJheV9jb21wYXQ9MCBjb25zdHJhaW5lZF9pbnRyYT0wIGJmcmFtZXM9MCB3ZWlnaHRwPTAga2V5aW50PTQga2V5aW50X21pbj0zIHNj\
            ZW5lY3V0PTAgaW50cmFfcmVmcmVzaD0wIHJjPWNyZiBtYnRyZWU9MCBjcmY9MzguMCBxY29tcD0wLjYwIHFwbWluPTAgcXBtYXg9NjkgcXBzdGVwPTQgaX\
            BfcmF0aW89MS40MCBhcT0wAIAAAAFliIQ6EYBweFSAusHY5vA6GBkDwOhgZAPwAH0m2km2jABf9//wAL9aL2g+Mh/ywOCFBTIuKAGEcAFgYpB0y4aqLeL9\
            e/gAZF8lM2lgBiFFjVk3aBVo+0JBO92AAv1ovaD4RD/q+UWJGTdoPwjgAJjqKajZMOQ2DgcfgBiFFjXbdpgPf4bB78EH4KtH2hIRPdhB+W/fxH7//CGAAj\
            RB8Kojq80vFFf/AAyL5KZuUAMQosasm7TAe/wbh78DCOAA8bEcqhdcISkQV/8KsVYqwAL9aL2g+Yj/gARF8lM2n/8ID3+CcPflfKLEmTdoBYKtH2hIRvdg\
            FnrFWesVYqxVk0AeFT1YXFADgA==
            """),
        decoded(
            """
            AAAAAUGaIS4j/Efm8APptp6DnP/XCPgBDbq+P//ccAIGqqv/XwBg//D498hh/EQAwPV8dvDgAwaqqgH/ERfgBRaSnY45eAR6+28P47wAwf/p/e2ADG1Xz/\
            7uPDgAwaqqv98P7g==
            """),
        decoded(
            """
            AAAAAUGaQa4Q//iBJsAIg/LtH/rYAD/qlv6f/+oP+IE8QJCXgBN99fe0AMvvrf36gAz7r93n4P3QBAAP9vrlP3P/ERfABheVvl/vhCdfJ23BiBUACOv6ur\
            vg/xAkRwBkb6xz+rwBlb71/1f9wA==
            """),
        decoded(
            """
            AAAAAUGaYOuIVvq31biIKPAA+a5b5ybMDGifbXK/+3AbfVuIgk8ADltJ8vV3/N8FvAA5667d2eAAWuv5ybAUlu+XG8D9vghgAFeo+2k99wf24QEgs8AFNp\
            NzaR+/7cAEJprTT3+CSlW/d5wAH3fr6t//6gw7fBDgAhnrvnYGI810/+vobcQJVvgk1q2A
            """),
        decoded(
            """
            AAAAAWdCwAraEehAAAADAEAAAAejxImoAAAAAWjOAxyAAAABZYiCBKCmAcBUOsPrG222222222222222+OBvA4gwEQPA4gwEQBDAAYB0d3u6ESFskFl222\
            2222222wAMi+SmbSYA8vwMge/AAxChUrsm7QKnnsuIwyPdgb6x2BwEOHMm222222222222222wjgAIbMVwpBCEJLJKKJ//gAZF8lM2kABfrRe0Hwyn/V8o\
            VIzJu0EcAB0hwp+B2kGOUGf/8KsVYqwAxChUr5t2hVgAX60XtA+Mp/wKnnsuIxie7ALYA8vwZA9+ALAWKs9YqxVirCH+NDk8kCp+vlCpGZN2gb62222222\
            222222whgAPkH2MDDe6T+EOH//m22222wAMi+SmbSYA8vwMge/GwAL9aL2gfCKf8ACp57LiMMj3YG6+UKkZk3aBvrbCOAA8ESCckpT7UFk4f+ACWaFXfTd\
            oFTz2XEY292EE+WJ8QT7K+Kr6scT46+OJ+utttsunAyF1g==
            """),
    ]

    /// 64×48 baseline in three slices: SPS, PPS and IDR, then two predicted pictures.
    static let h264Slices: [[UInt8]] = [
        decoded(
            """
            AAAAAWdCwAraEehAAAADAEAAAAejxImoAAAAAWjOAxyAAAABBgX//1bcRem95tlIt5Ys2CDZI+7veDI2NCAtIGNvcmUgMTY0IHIzMDk1IGJhZWU0MDAgLS\
            BILjI2NC9NUEVHLTQgQVZDIGNvZGVjIC0gQ29weWxlZnQgMjAwMy0yMDIyIC0gaHR0cDovL3d3dy52aWRlb2xhbi5vcmcveDI2NC5odG1sIC0gb3B0aW9u\
            czogY2FiYWM9MCByZWY9MSBkZWJsb2NrPTA6MDowIGFuYWx5c2U9MDowIG1lPWRpYSBzdWJtZT0wIHBzeT0xIHBzeV9yZD0xLjAwOjAuMDAgbWl4ZWRfcm\
            VmPTAgbWVfcmFuZ2U9MTYgY2hyb21hX21lPTEgdHJlbGxpcz0wIDh4OGRjdD0wIGNxbT0wIGRlYWR6b25lPTIxLDExIGZhc3RfcHNraXA9MSBjaHJvbWFf\
            cXBfb2Zmc2V0PTAgdGhyZWFkcz0xIGxvb2thaGVhZF90aHJlYWRzPTEgc2xpY2VkX3RocmVhZHM9MCBzbGljZXM9MyBucj0wIGRlY2ltYXRlPTEgaW50ZX\
            JsYWNlZD0wIGJsdXJheV9jb21wYXQ9MCBjb25zdHJhaW5lZF9pbnRyYT0wIGJmcmFtZXM9MCB3ZWlnaHRwPTAga2V5aW50PTQga2V5aW50X21pbj0zIHNj\
            ZW5lY3V0PTAgaW50cmFfcmVmcmVzaD0wIHJjPWNyZiBtYnRyZWU9MCBjcmY9MzguMCBxY29tcD0wLjYwIHFwbWluPTAgcXBtYXg9NjkgcXBzdGVwPTQgaX\
            BfcmF0aW89MS40MCBhcT0wAIAAAAFliIQ6CmAPBnHSC7w22cYaFGR4Tpa2iBgCVhNftdeCA47HMfgY1hgbJhlhlx6hsMxxx9a7KGBfx+A7BgIggh0UFHeY\
            V22KUMDtthDACeQdVERFHerP/+8EAdg727YAGR+JW9IAOBV7UiPm+0PIogJFW/P6hWZkZE79dAYDhU2RPdTOkHA0SJFEfr+LEEsj/L5PWgAAAWUoiEOgpg\
            DwaoVYi8H9AqzsjYwaFdAWMiC29tCHY5j8AKgJCKU5KIepTM/UhRf6VZ0u9S2f4BAl7I96sb+/AN+ZszIA06/+ghgCjZGAQdrIAhoE/+PGHrnZAMYWFHvb\
            ZgAOpYWSv3xiP+027gcmxdX/wAPQaNoiq0P3AemVDhk4le/qA1hNYiobdrcVSUSp/2iyWNX/nbP+BxvaMIfxCjRtMY3h7lYGT+4jeuoBSIqotWfP6m4SrV\
            qb//+QQD3FSUkqfhvQyggH7Y2ICxvS1wFAAAABZRIiEOgpgAP+NgydRJpIck5823YWADjSbtq77gHsUOk3LOaIwBCQ8qVqWAC5iuWHMzos8h1MJOZ3djCV\
            G1xV6N3+guG2EzjryhxGeeRS//8Bx2OY/AA9YguVWCJNoEwABkfkrbSoNG66eKJ//89DyOpDxlSev/qHoiAgL1XP//zshQqVfUOn/7yyexNYmxH6IAALws\
            swAAvY9j3GaUkGXBtBizsb7zJAgx5ZAgYst/sfm0MGhB7u3ml/ATtduwdbJsx5I4IBroGPwR4MDGPHqE8+WhJuNvi4yzaEvIL+sl7/gA==
            """),
        decoded(
            """
            AAAAAUGaIMnzeBI/G/k+EfCVg9/tTVL3/A/u1JmL2AI88Sh/2DGQdaYcFtRR/Kpu5+lsrrY4T6AAAAFBKaIMlzYA0n6ax0ACjy0zszUb6iajfXV4zwBRfK\
            z/d4Aibte93O+rPr6VnUzmPmfXb8GL/wd77XPlNdF59Sm9/vL99nbH/VB//x4MP4jW+nLbffkA9yth+OHTV+d4iDb7/vt/8AAAAUESaIMvCPADCOl6b7uo\
            bEo4wP6NgJPgf30A1pfkd97mn9G/vX83e3wwt3b9r/hq353iIPx0AKNSxVV/ugG7lM+/1Pg/Ub/lJs7pMcXuPlU+PTwX+294D9vv8+sP7g==
            """),
        decoded(
            """
            AAAAAUGaQIsICP8TN4A2vnof34kSM1qqgEltLp4Jmh6TQr76SgEvu/r/h/2q52PGvwJ/iSc+Kg3vnW4nrqMzb8CAoAAAAUEppAiwwI4Ri/AEedrA/xQAWg\
            Ul867FP3zgqznOE/7feXai4z/3LEiRlVASt8tfCuZ8NSt/2gAds+4pvuIf9lG49tPgf8zEe02PYH8cRl6sP9+xQ17/8//smKrbY+NoGp0Vb233gf8ICHcW\
            6dG1MNpA8AAAAUESaQIvGVVQA4rl2F+QIn4Dd7B/ubU372obqWmH+voAD6d7Wt/3VP9f+34Wt5Nz3ScL3vVe0suPlUx/ysb//vwZBAecMCBEFUHollql9/\
            bFkvjQmdZUo2pgcwN/h///kH/+I4A=
            """),
    ]

    /// 98×50 high profile, thus with cropping: SPS and PPS only.
    static let h264High: [[UInt8]] = [
        decoded(
            """
            AAAAAWdkAAqssg5PEREIAAADAAgAAAMA9HiRMkAAAAABaOvA5LIs
            """)
    ]

    /// 64×48 main profile: VPS, SPS, PPS and IDR, then three predicted pictures, then a key picture again.
    static let h265: [[UInt8]] = [
        decoded(
            """
            AAAAAUABDAH//wFgAAADAJAAAAMAAAMAHroCQAAAAAFCAQEBYAAAAwCQAAADAAADAB6gIIMWW6SkwuaAgAAAAwCAAAAHhAAAAAFEAcBxgRIAAAEoAawtgC\
            sSovp23B1U6i2yUD1ySmfceIoy/yWrKnTd8Q1tGm2kTJ8WJeN5ku2Hy/i8ZRfOqIokyjKKNxe1Opy4vdiCp+5QQ5/tGQGefTfmht/l/+YsBmIOhs4WXi7i\
            ii5h+Cs/iUw7zk84G5QP2qWN4roFz7aqxmIOWYMrWOVzNb2meR+cQEljcUhOKOZVE/vrAR9OLKMzvWyHFKDKtf7CCRzrHLBwXy6c0976E74MeYU7f20ub0\
            eDXswIyTMec5jucvYYIEKOcveF3HvGiN5E2/g+4XC7NjVMVoeJzSYcMGbV/iZJs43E3dBKg/A=
            """),
        decoded(
            """
            AAAAAQIB0Al4gawmrKu3mXmsmNRq2DqKP1K3WpRL5nWDaha/UmTAxZPRvLAzU+V0fHLfOryEXbLLmz8=
            """),
        decoded(
            """
            AAAAAQIB0BH+IGkB3rqPvAXn4A==
            """),
        decoded(
            """
            AAAAAQIB0Bn+IGm8EHMoJnJMFSZE9SytFuEuoiwT2ZBzVN6p4+WIEK6HQg==
            """),
        decoded(
            """
            AAAAAUABDAH//wFgAAADAJAAAAMAAAMAHroCQAAAAAFCAQEBYAAAAwCQAAADAAADAB6gIIMWW6SkwuaAgAAAAwCAAAAHhAAAAAFEAcBxgRIAAAEqAawQ9Q\
            pgqKnZbuBlQPO0jvbrdH68CScH2bGNi/2HpK+oB/6qWjv4OOQdnjT9RRDASR3qmHBKHlYPLgVAnE3AmQMk07sawNEnE3ncmPr3lYnMQ1W4oeghRfYmGnUA\
            p0bVv1d2uUkH9/GWV0Zw/6N8Zm1iQe7+4B+Rv3ny8/ea6u4CafOC1gMZ3xgyghWdpsISwoK2Pez4ODzUygE8O+bJNT0/v5/qFfc/fA2wo92U2wjN48ojuo\
            INCwGtdX1DmqUEAwVNH6lQ7V2RwwRf6vQ6HJz86PGP5mRg/0z7edO/nolMXIOFs8m48KynbZDJT39XG8SPNbASICKrGofEj+oORhsqFzdAjuP9S6Cx2/DY\
            JHYdBcXwoerIgn6sIkjcAFSajnksNR3t3eSAZvjZTEqO05iK+nT7vxef4A==
            """),
    ]

    /// 48×32 in 4:2:0 with the standard Huffman tables.
    static let jpeg420: [[UInt8]] = [
        decoded(
            """
            /9j//gAQTGF2YzU5LjM3LjEwMAD/2wBDAAgMDA4MDhAQEBAQEBMSExQUFBMTExMUFBQVFRUZGRkVFRUUFBUVGBgZGRscGxoaGRocHB4eHiQkIiIqKiszMz\
            7/xAGiAAABBQEBAQEBAQAAAAAAAAAAAQIDBAUGBwgJCgsBAAMBAQEBAQEBAQEAAAAAAAABAgMEBQYHCAkKCxAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIh\
            MUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJip\
            KTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6EQACAQIEBAMEBwUEBAABAncAAQIDEQQF\
            ITEGEkFRB2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFho\
            eIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/wAARCAAgADADASIAAhEAAxEA/9oA\
            DAMBAAIRAxEAPwDzmO3J54ynQ4HTbgZPGOe5x68VrpDjaDyffGcDjhc89P4upz2q9HbsWCsTxwRk+/XG7I6gL1+lbccGGXbkrncTgHrg9hkLgY6/nXOdhm\
            xwrjgY4JO4rz1+9yWBOenU+vFbMVsMZYZZe2eM8/KOWBJ7g9iTmrUdqD8uABznpwABz9T0J6fxdK34Lc9OexBAwQcDsGzjqP8AJoAzlt9xBUbhxkD5c49g\
            Q3rzz2Fa8cPH/Ah34+bsAzEdepPWtBEPGF6k7SM4Jz0+Yfy9MYrSYRwgb5Y4zI6xp5rgbmJ+VUZsbi2OE5Y8g0AebpA2CSpYjqCdvAwwJHT24HPPNai2g2\
            gbX5yT0I4B+Yk+uM/Q8GtSO3DDPT1ABIB9T/gMdcc1swwqq89Oe23JGOCMccZyMHOTQBmw28nHDcNt6AFenPX5SRj8CTWisPlhSwJ5RCoBYDJVQxCfNtyA\
            WONqgbmOKVbmyjme3M8SOrRK6lwp3zo3lKAcKXfazKgO7GDtwRXHT6nPp8ayDUBeOzToYZLdNka5dhK5gggmja2hUPeRhJGBbBRNytQB21xe2lo0aSyovz\
            bJDvUCHagfM2XXZH88aAnktJGM/OK8sm8TRq73LRxRX0CwxhE2TJNbm4aSSCK4hEkYPlCPfLIWAO5Y4kOSeOvNa1C5ijhM24RhDFKM/aAM+YFecrCXdT5f\
            mkqAz26OBkbjmO1zdN5k8stw+3arSyNIVUEtt3F2Py5JGMAdutAH/9k=
            """)
    ]
}
